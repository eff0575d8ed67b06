"""`hedge doctor` over a real Redis and the simulated exchange: what is not well is said, with what mends it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hedge_strategy.cli.simulated_accounts import SimulatedAccounts, write_simulated_config
from hedge_strategy.clock import Clock, SystemClock
from hedge_strategy.config.alerting import Alerting
from hedge_strategy.config.reader import read_config
from hedge_strategy.config.schema import Config, RedisPlace
from hedge_strategy.config.secret import Secret
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.doctor import Finding, Grade, examine, worst
from hedge_strategy.wiring import redis_settings
from tests.coordination.test_hedge_ledger import seen
from tests.polling import wait_until
from tests.redis_server import running_redis
from tests.simulator.live_exchange import BTC, LiveExchange, Trader, live_exchange


@pytest.fixture
def exchange() -> Iterator[LiveExchange]:
    with live_exchange() as exchange:
        yield exchange


@pytest.fixture
def config(exchange: LiveExchange, tmp_path: Path) -> Iterator[Config]:
    with running_redis(tmp_path, keeps_data=True) as redis:
        path = tmp_path / "sim.yaml"
        write_simulated_config(SimulatedAccounts(msgspec.structs.asdict(exchange.urls), redis.port), path)
        yield msgspec.structs.replace(read_config(path, {}), state_dir=str(tmp_path / "state"))


class ShiftedClock(SystemClock):
    """A host whose clock is wrong."""

    def __init__(self, ahead_s: int) -> None:
        super().__init__()
        self._ahead_ns = ahead_s * 1_000_000_000

    def now_ns(self) -> int:
        return super().now_ns() + self._ahead_ns


def found(config: Config, *symbols: str, clock: Clock | None = None) -> list[Finding]:
    return list(examine(config, symbols, clock or SystemClock()))


def bad(findings: list[Finding]) -> list[tuple[Grade, str]]:
    return [(one.grade, one.subject) for one in findings if one.grade is not Grade.OK]


def rests_an_order(exchange: LiveExchange, config: Config, name: str) -> None:
    account = config.account_a if name == "A" else config.account_b
    trader = Trader(exchange, account.account_index, account.private_key.reveal(), account.api_key_index)
    trader.sent(trader.limit(BTC, is_ask=False, size=100, price=500_000))
    wait_until(lambda: exchange.truth("orders", account_index=account.account_index), "an order that rests")


def test_where_all_is_well_every_line_is_ok(config: Config) -> None:
    findings = found(config, "BTC")
    assert (bad(findings), worst(findings)) == ([], Grade.OK)
    subjects = [one.subject for one in findings]
    assert subjects == [
        "state_dir", "Redis", "account A", "account A", "self-trades", "BTC on A",
        "account B", "account B", "BTC on B", "ledger of BTC",
    ]  # fmt: skip


def test_orders_that_nobody_watches_are_told(exchange: LiveExchange, config: Config) -> None:
    for name in ("A", "B"):
        rests_an_order(exchange, config, name)
    findings = found(config, "BTC")
    assert bad(findings) == [(Grade.WARN, "BTC on A"), (Grade.WARN, "BTC on B")]
    assert "hedge flatten --market BTC" in next(one.mend for one in findings if one.subject == "BTC on A")
    with connect(redis_settings(config)) as client:
        StatusBoard(client, life_ms=60_000).write("maker-here-1-1", {"role": "maker", "market": "BTC"})
    assert bad(found(config, "BTC")) == [(Grade.WARN, "BTC on B")], "A lives, and its order is its own matter"


def test_rules_that_nobody_looks_after_are_told(config: Config) -> None:
    with_rules = msgspec.structs.replace(config, alerts=Alerting(file="rules.yaml"))
    (line,) = (one for one in found(with_rules, "BTC") if one.subject == "alerts")
    assert (line.grade, line.mend) == (Grade.WARN, "start `hedge alerts run`")
    with connect(redis_settings(config)) as client:
        StatusBoard(client, life_ms=60_000).write("alerter-1", {"role": "alerter", "state": "watching"})
    assert bad(found(with_rules, "BTC")) == []


@pytest.mark.parametrize(("ahead_s", "grade"), [(0, Grade.OK), (-3, Grade.WARN), (3, Grade.WARN), (60, Grade.FAIL)])
def test_a_clock_that_is_wrong_is_told(config: Config, ahead_s: int, grade: Grade) -> None:
    lines = [one for one in found(config, clock=ShiftedClock(ahead_s)) if "this host's clock" in one.words]
    assert [one.grade for one in lines] == [grade, grade]
    assert all(("NTP" in one.mend) is (grade is not Grade.OK) for one in lines)
    assert not ahead_s or ("ahead" in lines[0].words) is (ahead_s > 0)


def test_what_is_unhedged_and_owned_by_nobody_fails(config: Config) -> None:
    with connect(redis_settings(config)) as client:
        HedgeLedger(client, "BTC").observe(seen(30))
    (line,) = (one for one in found(config, "BTC") if one.subject == "ledger of BTC")
    assert (line.grade, "main_B.py --market BTC" in line.mend) == (Grade.FAIL, True)


def test_one_look_that_fails_does_not_keep_the_others_from_being_made(config: Config, tmp_path: Path) -> None:
    wrong_key = msgspec.structs.replace(config.account_a, private_key=Secret("ab" * 40))
    nowhere = RedisPlace(host="127.0.0.1", port=1, connect_timeout_ms=200)
    (tmp_path / "file").touch()
    broken = msgspec.structs.replace(
        config, account_a=wrong_key, redis=nowhere, state_dir=str(tmp_path / "file" / "state")
    )
    findings = found(broken)
    fails = [(Grade.FAIL, subject) for subject in ("state_dir", "Redis", "account A")]
    assert bad(findings) == fails
    assert [one.grade for one in findings if one.subject == "account B"] == [Grade.OK, Grade.OK]
    assert not any("ab" * 40 in one.words for one in findings)
