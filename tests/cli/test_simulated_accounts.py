"""Two accounts on the simulated exchange and a configuration that fits them."""

import stat
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from hedge_strategy.cli.simulated_accounts import SimulatedAccounts, write_simulated_config
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import read_config
from hedge_strategy.errors import UserError
from hedge_strategy.wiring import venue_of
from tests.simulator.live_exchange import live_exchange


def test_the_file_is_a_configuration_of_two_funded_accounts(tmp_path: Path) -> None:
    path = tmp_path / "sim.yaml"
    path.write_text("something older, readable for all")
    path.chmod(0o644)
    with live_exchange() as exchange:
        urls = msgspec.structs.asdict(exchange.urls)
        indexes = write_simulated_config(SimulatedAccounts(urls, redis_port=7000, order_timeout_s=3), path)
        config = read_config(path, {})
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, "nobody else may read keys"
        assert indexes == {
            "account_a": config.account_a.account_index,
            "account_b": config.account_b.account_index,
        }
        assert indexes["account_a"] != indexes["account_b"]
        assert not list(Path(config.state_dir).iterdir())
        write_simulated_config(SimulatedAccounts(urls), tmp_path / "again.yaml")
        assert read_config(tmp_path / "again.yaml", {}).state_dir != config.state_dir, "accounts of one number each"
        assert (config.redis.port, config.lighter.maker_order_time_out) == (7000, 3)
        for index in indexes.values():
            (account,) = exchange.get("account", by="index", value=index)["accounts"]
            assert float(account["collateral"]) == 100_000
        masters = {exchange.get("account", by="index", value=i)["accounts"][0]["l1_address"] for i in indexes.values()}
        assert len(masters) == 2


def test_an_exchange_that_is_not_there_is_a_user_error(tmp_path: Path) -> None:
    urls = {"url": "http://127.0.0.1:1", "ws_url": "ws://127.0.0.1:1/stream", "admin_url": "http://127.0.0.1:1"}
    with pytest.raises(UserError, match="opens no account"):
        write_simulated_config(SimulatedAccounts(urls), tmp_path / "sim.yaml")
    assert not (tmp_path / "sim.yaml").exists()


def test_several_markets_are_listed_on_keys_of_their_own(tmp_path: Path) -> None:
    with live_exchange() as exchange:
        urls = msgspec.structs.asdict(exchange.urls)
        write_simulated_config(
            SimulatedAccounts(urls, markets={"ETH": Decimal("0.005"), "BTC": Decimal(1)}), tmp_path / "sim.yaml"
        )
        config = read_config(tmp_path / "sim.yaml", {})
        assert [(one.symbol, str(one.quantity)) for one in config.markets] == [("ETH", "0.005"), ("BTC", "1")]
        lanes = [(one.account_a.api_key_index, one.account_b.api_key_index) for one in config.markets]
        assert lanes == [(4, 4), (5, 5)]
        for market in config.markets:
            for account in (market.account_a, market.account_b):
                venue = venue_of(config, account, SystemClock())
                venue.check()
                venue.close()
