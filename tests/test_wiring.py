"""The composition root: what it builds trades for real, and what it refuses."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from hedge_strategy.cli.simulated_accounts import SimulatedAccounts, write_simulated_config
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import read_config
from hedge_strategy.config.schema import Config
from hedge_strategy.config.secret import Secret
from hedge_strategy.coordination.connection import connect
from hedge_strategy.errors import UserError
from hedge_strategy.inspection import audit_once, check_surroundings
from hedge_strategy.venues.self_trades import SelfTrades
from hedge_strategy.wiring import checked_lane, make_hedger, redis_settings
from hedge_strategy.wiring_maker import MakerOptions, make_maker
from tests.polling import wait_until
from tests.redis_server import running_redis
from tests.simulator.live_exchange import BTC, LiveExchange, live_exchange

CLOCK = SystemClock()
OPTIONS = MakerOptions("BTC", Decimal("0.0002"), 1)


@pytest.fixture
def exchange() -> Iterator[LiveExchange]:
    with live_exchange() as running:
        yield running


@pytest.fixture
def config(exchange: LiveExchange, tmp_path: Path) -> Iterator[Config]:
    with running_redis(tmp_path) as redis:
        path = tmp_path / "sim.yaml"
        write_simulated_config(SimulatedAccounts(msgspec.structs.asdict(exchange.urls), redis.port), path)
        yield read_config(path, {})


def test_what_it_builds_hedges_a_fill_and_audits_it(exchange: LiveExchange, config: Config) -> None:
    exchange.house(BTC, is_ask=False, size="1", price="99990")
    exchange.house(BTC, is_ask=True, size="1", price="100010")
    processes = (make_hedger(config, "BTC", CLOCK), make_maker(config, OPTIONS, CLOCK))
    threads = [threading.Thread(target=process.run) for process in processes]
    for thread in threads:
        thread.start()
    maker, hedger = config.account_a.account_index, config.account_b.account_index
    try:
        wait_until(lambda: exchange.truth("orders", account_index=maker), "A's order")
        exchange.house(BTC, is_ask=True, size="1.00020", price="99990", immediate=True)
        exchange.house(BTC, is_ask=False, size="1", price="99980")
        wait_until(lambda: exchange.truth("trades", account_index=hedger), "B's hedge")
    finally:
        for process, thread in zip(reversed(processes), reversed(threads), strict=True):
            process.ask_to_stop()
            thread.join(30)
    report = audit_once(config, ["BTC"], CLOCK)
    assert report.ok, report.problems
    assert [(order.filled, order.hedged) for order in report.orders] == [("0.00020", "0.00020")]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (MakerOptions("DOGE", Decimal("0.0002"), 1), "no market 'DOGE'"),
        (MakerOptions("BTC", Decimal("0.000201"), 1), "more than 5 decimals"),
        (MakerOptions("BTC", Decimal("0.00001"), 1), "least that may rest"),
    ],
)
def test_options_that_do_not_fit_the_market_are_refused(config: Config, options: MakerOptions, expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        make_maker(config, options, CLOCK)


def test_a_key_of_another_account_is_refused_by_both(config: Config) -> None:
    crossed = msgspec.structs.replace(
        config,
        account_a=msgspec.structs.replace(config.account_a, private_key=config.account_b.private_key),
        account_b=msgspec.structs.replace(config.account_b, private_key=config.account_a.private_key),
    )
    with pytest.raises(UserError, match=f"account {config.account_a.account_index}") as for_a:
        make_maker(crossed, OPTIONS, CLOCK)
    with pytest.raises(UserError, match=f"account {config.account_b.account_index}"):
        make_hedger(crossed, "BTC", CLOCK)
    with pytest.raises(UserError):
        check_surroundings(crossed, CLOCK)
    assert config.account_b.private_key.reveal()[2:] not in str(for_a.value)


def test_every_key_and_every_market_of_the_list_is_looked_at(config: Config) -> None:
    btc = config.market("BTC")
    other = msgspec.structs.replace(config.account_b, api_key_index=9)
    with pytest.raises(UserError, match="API key 9 of account"):
        check_surroundings(
            msgspec.structs.replace(config, markets=(btc, msgspec.structs.replace(btc, symbol="ETH", account_b=other))),
            CLOCK,
        )
    with pytest.raises(UserError, match="no market 'DOGE'"):
        check_surroundings(
            msgspec.structs.replace(config, markets=(msgspec.structs.replace(btc, symbol="DOGE"),)), CLOCK
        )


def test_what_the_lanes_of_an_account_share_signs_with_the_first_key_that_is_good(config: Config) -> None:
    good = config.account_b
    bad = msgspec.structs.replace(good, private_key=Secret("ab" * 40))
    open_lane, venue = checked_lane(config, [bad, good], CLOCK)
    again = open_lane(good)
    again.check()
    assert (venue.account_index, venue.key_index) == (good.account_index, good.api_key_index)
    for one in (venue, again):
        one.close()
    with pytest.raises(UserError, match="private key"):
        checked_lane(config, [bad, bad], CLOCK)


def test_a_redis_without_a_file_is_warned_of(config: Config) -> None:
    found = check_surroundings(config, CLOCK)
    assert ["append-only" in warning for warning in found.warnings] == [True], found.warnings
    assert found.self_trades is SelfTrades.BY_PRICE


def test_a_redis_that_may_throw_the_ledger_away_is_refused_by_both(config: Config) -> None:
    with connect(redis_settings(config)) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    for start in (
        lambda: make_maker(config, OPTIONS, CLOCK),
        lambda: make_hedger(config, "BTC", CLOCK),
        lambda: check_surroundings(config, CLOCK),
    ):
        with pytest.raises(UserError, match="noeviction"):
            start()


def test_both_say_at_their_start_that_redis_keeps_no_file(config: Config) -> None:
    for start in (lambda: make_maker(config, OPTIONS, CLOCK), lambda: make_hedger(config, "BTC", CLOCK)):
        with capture_logs() as said:
            start()
        assert [line for line in said if line["log_level"] == "warning" and "append-only" in line["event"]]


def test_an_unknown_venue_names_those_there_are(config: Config) -> None:
    elsewhere = msgspec.structs.replace(
        config, account_b=msgspec.structs.replace(config.account_b, venue="moon", private_key=Secret("0" * 80))
    )
    with pytest.raises(UserError, match="'moon' is none of lighter"):
        make_hedger(elsewhere, "BTC", CLOCK)
