"""The composition root of A: several markets on one ground, each by itself."""

import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from structlog.testing import capture_logs

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import parse_config
from hedge_strategy.config.schema import Config
from hedge_strategy.errors import UserError
from hedge_strategy.maker.host import MakerHost
from hedge_strategy.wiring_maker import MakerOptions, make_maker_host
from tests.polling import wait_until
from tests.redis_server import running_redis
from tests.simulator.live_exchange import LiveExchange, live_exchange

CLOCK = SystemClock()


class Ground:
    """An exchange, a Redis, and account A with three keys."""

    def __init__(self, exchange: LiveExchange, redis_port: int, folder: Path) -> None:
        self._exchange, self._redis_port, self._folder = exchange, redis_port, folder
        made = [
            exchange.admin("POST", "accounts", {"tier": "premium", "api_keys": {str(key): None for key in (4, 5, 6)}})
            for _ in range(2)
        ]
        self.accounts = [response.json() for response in made]

    def config(self, markets: Sequence[str], unregistered: Sequence[str] = ()) -> Config:
        """A's and B's keys in order; those of some markets are not registered."""
        accounts = {}
        for name, account in zip(("account_a", "account_b"), self.accounts, strict=True):
            keys = [
                {"index": number, "private_key": account["api_keys"][str(number)]["private_key"]}
                for number in (4, 5, 6)
            ]
            for number, market in enumerate(markets):
                if market in unregistered and name == "account_a":
                    keys[number]["index"] += 100
            accounts[name] = {"account_index": account["account_index"], "api_keys": keys}
        tree = {
            "accounts": accounts,
            "markets": list(markets),
            "redis": {"host": "127.0.0.1", "port": self._redis_port},
            "lighter": {
                "base_url": self._exchange.urls.url,
                "ws_url": self._exchange.urls.ws_url,
                "account_tier": "premium",
            },
            "state_dir": str(self._folder / "state"),
        }
        return parse_config(yaml.safe_dump(tree), {})


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with live_exchange() as exchange, running_redis(tmp_path) as redis:
        yield Ground(exchange, redis.port, tmp_path)


def _options(*markets: str, quantity: str | None = None) -> list[MakerOptions]:
    return [MakerOptions(market, None if quantity is None else Decimal(quantity), 1) for market in markets]


def _run_until(host: MakerHost, look: object) -> int:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(host.run()), daemon=True)
    thread.start()
    try:
        wait_until(look, "what is waited for")  # type: ignore[arg-type]
    finally:
        host.ask_to_stop()
        thread.join(30)
    assert not thread.is_alive()
    return codes[0]


def _connected(said: list[dict[str, str]]) -> set[str]:
    return {line["market"] for line in said if line["event"] == "connected to the venue"}


def test_a_market_that_cannot_be_built_spoils_no_other_even_where_it_comes_first(ground: Ground) -> None:
    config = ground.config(("BTC", "ETH", "DOGE"), unregistered=("BTC",))
    with capture_logs() as said:
        host = make_maker_host(config, _options("BTC", "ETH", "DOGE"), CLOCK)
        code = _run_until(host, lambda: _connected(said))  # type: ignore[arg-type]
    assert code == 1
    assert _connected(said) == {"ETH"}  # type: ignore[arg-type]
    reasons = {line["market"]: line["reason"] for line in said if "not quoted" in line["event"]}
    assert "API key 104" in reasons["BTC"]
    assert "no market 'DOGE'" in reasons["DOGE"]


def test_all_lanes_of_the_account_are_on_one_socket_and_what_failed_leaves_no_file_locked(ground: Ground) -> None:
    config = ground.config(("BTC", "ETH"))
    with pytest.raises(UserError, match="more than 4 decimals"):
        make_maker_host(config, _options("ETH", quantity="0.00601"), CLOCK).run()
    with capture_logs() as said:
        host = make_maker_host(config, _options("BTC", "ETH"), CLOCK)
        sockets: list[int] = []

        def both_are_up() -> bool:
            sockets.append(len([one for one in threading.enumerate() if one.name == "venue-socket"]))
            return len(_connected(said)) == 2  # type: ignore[arg-type]

        assert _run_until(host, both_are_up) == 0
    assert max(sockets) == 1


def test_keys_of_which_none_is_good_are_refused_before_anything_starts(ground: Ground) -> None:
    config = ground.config(("BTC", "ETH"), unregistered=("BTC", "ETH"))
    with pytest.raises(UserError, match="API key 105"):
        make_maker_host(config, _options("BTC", "ETH"), CLOCK)
