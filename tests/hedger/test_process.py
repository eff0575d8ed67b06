"""Process B against a real Redis and a venue in memory: it executes what A's fills say, and it can be stopped."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import redis

from hedge_strategy.coordination.commands import Action, Command, Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.fill_stream import FillPublisher
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.keys import FILL_CHANNEL, FILL_GROUP, market_keys
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_rows import seen_fill
from hedge_strategy.coordination.messages import encode
from hedge_strategy.coordination.presence import HedgerState
from hedge_strategy.domain.hedge import Claim, IntentState
from hedge_strategy.domain.order import OrderIntent, OrderKind, Rejected, Side, SignedTransaction
from hedge_strategy.hedger.notices import NOTICE_LONGEST_MS
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Approved, approve
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues.port import BookTop, SendAnswered
from tests.fake_venue import BTC, ETH, FakeVenue
from tests.hedger.running import HEDGER, MAKER, fill, hedging, wait_hedged
from tests.notices import hedger_says, tell_maker
from tests.polling import wait_until
from tests.redis_server import running_redis


def _acknowledged(client: redis.Redis, count: int, *, pending: int = 0) -> bool:
    groups = client.xinfo_groups(market_keys("BTC").fills)
    return any(
        group["name"] == FILL_GROUP.encode() and (group["pending"], group["entries-read"]) == (pending, count)
        for group in groups
    )


@pytest.fixture
def venue() -> FakeVenue:
    return FakeVenue(HEDGER)


def test_each_growth_of_a_fill_is_hedged_once_however_often_it_is_told(real: redis.Redis, venue: FakeVenue) -> None:
    publisher = FillPublisher(real)
    with hedging(real, venue) as running:
        for size in ("0.00030", "0.00030", "0.00100", "0.00030", "0.00100"):
            publisher.publish("BTC", fill(size))
        wait_hedged(real, BTC, 100)
        wait_until(lambda: _acknowledged(real, 5), "all entries to be acknowledged")
    assert venue.executed() == Decimal("-0.00100")
    assert running.code == 0


def test_market_index_0_is_a_market(real: redis.Redis, venue: FakeVenue) -> None:
    with hedging(real, venue, ETH):
        FillPublisher(real).publish("ETH", fill("0.0100", market=ETH))
        wait_hedged(real, ETH, 100)
    assert venue.executed() == Decimal("-0.0100")


def test_fills_of_others_are_notwait_hedged(real: redis.Redis, venue: FakeVenue) -> None:
    publisher = FillPublisher(real)
    with hedging(real, venue):
        publisher.publish("BTC", fill("0.00500", account=MAKER + 1))
        wrong_index = replace(BTC, index=2)
        publisher.publish("BTC", fill("0.00600", market=wrong_index))
        real.publish(market_keys("BTC").fill_channel, b"not JSON")
        real.publish(FILL_CHANNEL, encode(fill("0.0100", market=ETH)))
        real.xadd(market_keys("BTC").fills, {"message": b"{}"})
        publisher.publish("BTC", fill("0.00020"))
        wait_hedged(real, BTC, 20)
    assert venue.executed() == Decimal("-0.00020")


def test_the_old_form_on_the_bare_channel_iswait_hedged(real: redis.Redis, venue: FakeVenue) -> None:
    with hedging(real, venue):
        old = (
            b'{"account_index":7,"market_index":1,"order_index":562949953421313,"filled_base_amount":"0.00020",'
            b'"filled_quote_amount":"20.0","avg_price":"100000.0","timestamp":1761297780,"side":"buy"}'
        )
        wait_until(lambda: real.publish(FILL_CHANNEL, old), "a listener")
        wait_hedged(real, BTC, 20)
    assert venue.executed() == Decimal("-0.00020")


def test_the_rest_of_a_partly_executed_hedge_is_hedged_and_no_more(real: redis.Redis, venue: FakeVenue) -> None:
    venue.switches.partial = [Decimal("0.00060"), Decimal("0.00000"), Decimal("0.00010")]
    with hedging(real, venue):
        FillPublisher(real).publish("BTC", fill("0.00100"))
        wait_hedged(real, BTC, 100)
    sizes = [str(order.size) for order in venue.orders.values()]
    assert sizes == ["0.00100", "0.00040", "0.00040", "0.00030"]
    assert venue.executed() == Decimal("-0.00100")


def test_a_fill_is_priced_by_the_book_of_its_own_moment(real: redis.Redis, venue: FakeVenue) -> None:
    with hedging(real, venue):
        venue.top = BookTop(((Decimal(90_000), Decimal(1)),), ((Decimal(90_001), Decimal(1)),), is_live=True)
        FillPublisher(real).publish("BTC", fill("0.00100"))
        wait_hedged(real, BTC, 100)
    (hedge,) = venue.intents()
    assert Decimal(89_000) < hedge.price < Decimal(90_000)


class Holding(FakeVenue):
    """The first hedge is neither executed nor answered until the test says so."""

    held: SignedTransaction | None = None

    def send(self, transaction: SignedTransaction) -> None:
        if transaction.client_order_index and self.held is None:
            self.held = transaction
            self.sent.append(transaction)
        else:
            super().send(transaction)


def test_a_command_while_a_hedge_is_under_way_does_not_take_it_up_a_second_time(real: redis.Redis) -> None:
    venue, commands = Holding(HEDGER), Commands(real)
    with hedging(real, venue):
        FillPublisher(real).publish("BTC", fill("0.00100"))
        wait_until(lambda: venue.held, "the first hedge to be sent")
        for action in (Action.PAUSE, Action.RESUME):
            name = commands.send(Command(action=action, market="BTC"))
            wait_until(lambda name=name: commands.acknowledgements(name), "the command to be taken in")
        held = venue.held
        assert held is not None
        venue.push(SendAnswered(held, Rejected(21739, "not enough margin")))
        wait_hedged(real, BTC, 100)
    assert venue.executed() == Decimal("-0.00100")
    assert [one.hash for one in venue.sent].count(held.hash) == 1, "bytes that are settled as dead never leave again"


def test_a_recount_that_the_positions_contradict_pauses_the_market_and_it_goes_on_once_they_do_not(
    real: redis.Redis, venue: FakeVenue
) -> None:
    with hedging(real, venue) as running:
        FillPublisher(real).publish("BTC", fill("0.00100"))
        wait_hedged(real, BTC, 100)
        real.flushall()  # and A's own trade is hidden, its position too
        wait_until(
            lambda: (
                (told := hedger_says(real, "BTC"))
                and told.state is HedgerState.PAUSED
                and "do not explain" in told.reason
            ),
            "the notice that a person is needed",
        )
        intent = OrderIntent(BTC, Side.BUY, OrderKind.POST_ONLY, Decimal("0.00100"), Decimal(100_000), 5)
        order = approve(intent, Limits(), Situation(Decimal(0)))
        assert isinstance(order, Approved)
        running.maker_venue.send(running.maker_venue.sign_order(order, running.maker_venue.nonce))
        running.maker_venue.take(5, Decimal("0.00100"))
        wait_until(lambda: (told := hedger_says(real, "BTC")) and told.state is HedgerState.HEDGING, "hedging to go on")
    assert venue.executed() == Decimal("-0.00100")


@pytest.mark.parametrize(
    "switches",
    [
        {"lose_answers": 1, "no_reports": 1},
        {"lose_requests": 1},
        {"hold_back": 3},
        {"reject": [Rejected(21104, "invalid nonce", is_nonce=True)]},
        {"refuse_to_sign": 1},
        {"rest_fails": 1},
    ],
    ids=str,
)
def test_a_send_that_goes_wrong_is_neither_lost_nor_doubled(
    real: redis.Redis, venue: FakeVenue, switches: dict[str, object]
) -> None:
    for name, value in switches.items():
        setattr(venue.switches, name, value)
    with hedging(real, venue) as running:
        FillPublisher(real).publish("BTC", fill("0.00100"))
        wait_hedged(real, BTC, 100)
        assert running.machine.paused is None
    assert venue.executed() == Decimal("-0.00100")


def test_what_was_published_while_no_hedger_ran_iswait_hedged(real: redis.Redis, venue: FakeVenue) -> None:
    for number in (1, 2, 3):
        FillPublisher(real).publish("BTC", fill("0.00100", number=number))
    with hedging(real, venue):
        wait_hedged(real, BTC, 300)
    assert venue.executed() == Decimal("-0.00300")


def test_of_two_hedgers_one_hedges_and_the_other_takes_over(real: redis.Redis, venue: FakeVenue) -> None:
    second_venue = FakeVenue(HEDGER, key_index=5)
    publisher = FillPublisher(real)
    with hedging(real, venue) as first, hedging(real, second_venue, owner="b-2", owns=False) as second:
        publisher.publish("BTC", fill("0.00100"))
        wait_hedged(real, BTC, 100)
        assert first.stop() == 0
        publisher.publish("BTC", fill("0.00300"))
        wait_hedged(real, BTC, 300)
        assert second.stop() == 0
    assert (venue.executed(), second_venue.executed()) == (Decimal("-0.00100"), Decimal("-0.00200"))


def test_a_hedger_that_only_waits_stops_at_once_even_while_the_maker_quotes(
    real: redis.Redis, venue: FakeVenue
) -> None:
    tell_maker(real, "BTC", True)
    Leases(real, life_ms=60_000).acquire("BTC", owner="another", lane=9)
    with hedging(real, venue, owns=False) as waiting:
        assert waiting.stop() == 0


def test_stopping_finishes_what_is_in_flight_and_waits_for_the_maker(real: redis.Redis, venue: FakeVenue) -> None:
    tell_maker(real, "BTC", True)
    with hedging(real, venue) as running:
        running.process.ask_to_stop()
        wait_until(
            lambda: (told := hedger_says(real, "BTC")) is not None and told.state is HedgerState.DRAINING, "the notice"
        )
        FillPublisher(real).publish("BTC", fill("0.00100"))
        wait_hedged(real, BTC, 100)
        tell_maker(real, "BTC", False)
        assert running.stop() == 0
    assert Leases(real, life_ms=1_000).read("BTC") is None


def test_the_next_hedger_goes_on_with_what_a_crashed_one_had_sent(real: redis.Redis, venue: FakeVenue) -> None:
    leases = Leases(real, life_ms=60_000)
    lease = leases.acquire("BTC", owner="crashed", lane=4)
    assert isinstance(lease, Lease)
    ledger, fencing = HedgeLedger(real, "BTC"), lease.fencing
    ledger.open_epoch("of the crashed one", fencing=fencing)
    claim = ledger.claim(seen_fill(fill("0.00100"), BTC), fencing=fencing, claim_token="crashed:1")
    assert isinstance(claim, Claim)
    intent = OrderIntent(
        BTC, Side.SELL, OrderKind.MARKET, Decimal("0.00100"), Decimal(99_000), claim.client_order_index
    )
    order = approve(intent, Limits(), Situation(Decimal(0)))
    assert isinstance(order, Approved)
    signed = venue.sign_order(order, venue.nonce)
    ledger.advance(claim, IntentState.SENT, fencing=fencing, transaction=signed)
    venue.switches.lose_answers = venue.switches.no_reports = 1
    venue.send(signed)
    leases.release(lease)
    with hedging(real, venue, owner="b-2"):
        wait_hedged(real, BTC, 100)
    assert venue.executed() == Decimal("-0.00100")


def test_fills_around_an_outage_of_redis_are_hedged_once(tmp_path: Path, venue: FakeVenue) -> None:
    with (
        running_redis(tmp_path, keeps_data=True) as server,
        connect(server.settings) as client,
        hedging(client, venue) as running,
    ):
        FillPublisher(client).publish("BTC", fill("0.00100"))
        wait_hedged(client, BTC, 100)
        server.kill()
        server.start()
        FillPublisher(client).publish("BTC", fill("0.00300"))
        wait_hedged(client, BTC, 300)
        assert running.stop() == 0
    assert venue.executed() == Decimal("-0.00300")


def test_messages_that_no_maker_would_send_stop_nothing(real: redis.Redis, venue: FakeVenue) -> None:
    """An order's number that no hedge can be told by, and an order that suddenly went the other way."""
    publisher = FillPublisher(real)
    with hedging(real, venue) as running:
        publisher.publish("BTC", fill("0.00100"))
        wait_hedged(real, BTC, 100)
        good = fill("0.00100")
        for order_index in ((BTC.index + 1 << 48) + (1 << 47), 7, 1 << 62):
            publisher.publish("BTC", msgspec.structs.replace(good, order_index=order_index))
        publisher.publish("BTC", msgspec.structs.replace(good, side=Side.SELL, filled_base_amount="0.00900"))
        publisher.publish("BTC", fill("0.00050", number=2))
        wait_hedged(real, BTC, 150)
        assert running.machine.paused is None
        wait_until(lambda: _acknowledged(real, 6), "every entry to be taken off the stream")
    assert running.code == 0
    assert venue.executed() == Decimal("-0.00150")


def test_a_fill_of_another_account_is_left_in_the_stream(real: redis.Redis, venue: FakeVenue) -> None:
    with hedging(real, venue):
        FillPublisher(real).publish("BTC", fill("0.00100", account=MAKER + 40))
        FillPublisher(real).publish("BTC", fill("0.00100"))
        wait_hedged(real, BTC, 100)
        wait_until(lambda: _acknowledged(real, 2, pending=1), "our own entry alone to be taken off")
    assert venue.executed() == Decimal("-0.00100")


def _times_of(real: redis.Redis, command: str, count: int, within_s: float) -> list[float]:
    """When Redis was given a command the next so many times, seconds; fewer where it was not within so long."""
    times: list[float] = []
    with real.monitor() as monitor:
        until_s = monitor.next_command()["time"] + within_s
        while len(times) < count and (heard := monitor.next_command())["time"] < until_s:
            if heard["command"] == command:
                times.append(heard["time"])
    return times


@pytest.mark.parametrize("ending", ["stopped", "flattened"])
def test_among_a_hundred_markets_who_stops_or_flattens_asks_what_a_says_at_full_pace(
    real: redis.Redis, venue: FakeVenue, ending: str
) -> None:
    asking, seen = f"GET {market_keys('BTC').maker}", 7
    at_leisure_s = (seen - 1) * NOTICE_LONGEST_MS / 1_000
    tell_maker(real, "BTC", may_rest=True)
    with hedging(real, venue, markets_here=100) as running:
        if ending == "stopped":
            running.process.ask_to_stop()
        else:
            Commands(real).send(Command(action=Action.FLATTEN, market="BTC"))
        _times_of(real, asking, 2, at_leisure_s)  # by then it knows what it is to do
        assert len(_times_of(real, asking, seen, at_leisure_s / 2)) == seen
        tell_maker(real, "BTC", may_rest=False)
