import pytest

from hedge_strategy.simulator.channel_snapshots import Payloads
from hedge_strategy.simulator.channels import Channel
from hedge_strategy.simulator.config import SimulatorConfig
from tests.simulator.core_driver import BTC, Driver

ACCOUNT_KEYS = {
    "account_all": {"account", "assets", "positions", "trades", "funding_histories", "shares"}
    | {f"{span}_trades_count" for span in ("daily", "weekly", "monthly", "total")}
    | {f"{span}_volume" for span in ("daily", "weekly", "monthly", "total")},
    "account_market": {"account", "assets", "funding_history", "orders", "position", "trades"},
    "account_orders": {"account", "nonce", "orders"},
    "account_all_orders": {"orders"},
    "account_all_trades": {"trades", "total_volume", "monthly_volume", "weekly_volume", "daily_volume"},
    "account_all_positions": {"positions", "shares", "last_funding_round", "last_funding_discount"},
    "account_all_assets": {"assets", "timestamp"},
    "user_stats": {"stats", "timestamp"},
    "account_tx": {"txs"},
    "notification": {"notifs"},
}


def traded() -> tuple[Driver, int]:
    """A user who took 10 lots of BTC from the house."""
    driver = Driver()
    user = driver.user()
    driver.quote(True, 30, 1_000_000)
    driver.run(user, driver.ioc(False, 10, 1_000_000))
    return driver, user


@pytest.mark.parametrize("name", list(ACCOUNT_KEYS))
def test_a_snapshot_has_the_keys_of_its_channel(name: str) -> None:
    driver, account = traded()
    payloads = Payloads(driver.read, SimulatorConfig())
    market = BTC if name in ("account_market", "account_orders") else None
    assert set(payloads.of_channel(Channel(name, market, account), 0, 5)) == ACCOUNT_KEYS[name]


def test_public_snapshots_are_of_the_state_as_it_is() -> None:
    driver, _ = traded()
    payloads = Payloads(driver.read, SimulatorConfig())
    assert payloads.of_channel(Channel("height"), 7_000_000, 5) == {
        "height": driver.read.block_height(),
        "timestamp": 7,
    }
    assert set(payloads.of_channel(Channel("market_stats"), 0, 5)["market_stats"]) == {"0", "1", "2"}
    assert payloads.of_channel(Channel("market_stats", BTC), 0, 5)["market_stats"]["symbol"] == "BTC"
    trades = payloads.of_channel(Channel("trade", BTC), 0, 5)
    assert set(trades) == {"trades", "liquidation_trades", "nonce"}


def test_how_many_old_trades_are_told_again_is_chosen() -> None:
    driver, account = traded()
    payloads = Payloads(driver.read, SimulatorConfig())
    for replay, shown in ((0, 0), (5, 1)):
        trades = payloads.of_channel(Channel("account_all_trades", None, account), 0, replay)["trades"]
        assert len(trades.get("1", [])) == shown
