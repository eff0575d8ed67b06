"""The ledger's beginning, and its rebuilding from what the venues tell."""

from dataclasses import replace

import pytest
import redis

from hedge_strategy.coordination import ledger_restore
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.ledger_restore import (
    LedgerMarker,
    RestoredHedge,
    RestoredOrder,
    Standing,
    Watermark,
    standing,
)
from hedge_strategy.coordination.ledger_rows import Finished, Nothing, Totals
from hedge_strategy.coordination.ledger_script import LedgerBounds
from hedge_strategy.domain.hedge import IntentState, OrderLine
from hedge_strategy.domain.ids import hedge_client_order_index
from hedge_strategy.domain.order import Side
from hedge_strategy.errors import InvariantBroken, LedgerForgotten, RedisUnavailable, StaleOwner

from .owners import Owner, claimed, own
from .samples import order, seen, transaction

AT_MS = 1_761_297_780_000
DONE = RestoredOrder(seen(7, number=1, is_final=True, trade_id=101, at_ms=AT_MS), hedged_lots=7, attempts=2)
PARTLY = RestoredOrder(
    seen(9, number=2, is_final=True, side=Side.BUY, trade_id=102, at_ms=AT_MS), hedged_lots=4, attempts=1
)
SIGNED = transaction(hedge_client_order_index(order(3).order_index, 2))
ON_ITS_WAY = RestoredOrder(
    seen(10, number=3, trade_id=103, at_ms=AT_MS),
    hedged_lots=4,
    attempts=3,
    unsettled=RestoredHedge(5, IntentState.SENT, SIGNED, "token-3"),
)
QUIET = RestoredOrder(seen(3, number=4, trade_id=104, at_ms=AT_MS), hedged_lots=3, attempts=1)
ORDERS = (QUIET, ON_ITS_WAY, DONE, PARTLY)
UP_TO = Watermark(100, AT_MS - 1)


@pytest.fixture
def owner(client: redis.Redis) -> Owner:
    return Owner(client)


def check_restored(owner: Owner) -> None:
    ledger, fencing = owner.ledger, owner.fencing
    assert ledger.totals() == Totals(9, 20, 4, 14, 5)
    assert ledger.order_line(order(1)) == OrderLine(order(1), Side.SELL, 7, 7, 0, True)
    assert isinstance(ledger.claim(DONE.fill, fencing=fencing, claim_token="a"), Nothing)
    (found,) = ledger.unfinished()
    assert (found.claim.attempt, found.claim.lots, found.claim.state) == (2, 5, IntentState.SENT)
    assert (found.transaction, found.claim_token) == (SIGNED, "token-3")
    assert ledger.intents_of(order(3)) == (found,), "what earlier hedges did is not told any more"
    assert ledger.intents_of(order(2)) == ()
    assert owner.settle(found.claim, 5) == OrderLine(order(3), Side.SELL, 10, 9, 0, False)
    rest = claimed(ledger.claim(PARTLY.fill, fencing=fencing, claim_token="b"))
    assert (rest.lots, rest.attempt) == (5, 1)
    more = replace(QUIET.fill, filled_lots=4)
    assert claimed(ledger.claim(more, fencing=fencing, claim_token="c")).attempt == 1
    before = seen(5, number=50, trade_id=100, at_ms=AT_MS)
    assert isinstance(ledger.claim(before, fencing=fencing, claim_token="d"), Finished)
    after = seen(5, number=51, trade_id=105, at_ms=AT_MS + 1)
    assert claimed(ledger.claim(after, fencing=fencing, claim_token="e")).lots == 5


def test_the_first_epoch_is_opened_on_an_empty_ledger_only(owner: Owner, client: redis.Redis) -> None:
    assert owner.ledger.epoch() is None
    for _ in range(2):
        owner.ledger.open_epoch("e1", fencing=owner.fencing)
    assert (owner.ledger.epoch(), owner.ledger.believed_epoch) == ("e1", "e1")
    other = HedgeLedger(client, "BTC")
    with pytest.raises(LedgerForgotten, match="in epoch e1 already"):
        other.open_epoch("e2", fencing=owner.fencing)
    client.hdel("hedge:{BTC}:ledger", "epoch")
    with pytest.raises(LedgerForgotten, match="holds orders, but has no epoch"):
        other.open_epoch("e2", fencing=owner.fencing)
    client.hset("hedge:{BTC}:ledger", "restoring", "e3")
    with pytest.raises(LedgerForgotten, match="being rebuilt"):
        other.open_epoch("e2", fencing=owner.fencing)
    with pytest.raises(ValueError, match="name"):
        other.open_epoch("", fencing=owner.fencing)


def test_a_ledger_of_before_epochs_is_not_taken_for_a_new_one(owner: Owner) -> None:
    owner.claim(5)
    with pytest.raises(LedgerForgotten, match="holds orders"):
        owner.ledger.open_epoch("e1", fencing=owner.fencing)


def test_only_the_owner_opens_and_restores(owner: Owner, client: redis.Redis) -> None:
    former = owner.fencing
    client.delete("hedge:{BTC}:lease")
    own(client, "hedger-2")
    with pytest.raises(StaleOwner):
        owner.ledger.open_epoch("e1", fencing=former)
    with pytest.raises(StaleOwner):
        owner.ledger.restore("e1", fencing=former, orders=ORDERS)
    assert owner.ledger.marker() == LedgerMarker(None, 0, False, Watermark())


@pytest.mark.parametrize("times", [1, 2])
def test_what_the_venues_tell_stands_in_the_ledger(owner: Owner, times: int) -> None:
    for _ in range(times):
        owner.ledger.restore("e2", fencing=owner.fencing, orders=ORDERS, watermark=UP_TO)
    assert owner.ledger.marker().watermark == UP_TO
    check_restored(owner)


def test_what_stood_there_before_is_gone(owner: Owner, client: redis.Redis) -> None:
    for number in range(ledger_restore.ROWS_CLEARED_PER_CALL + 10):
        owner.ledger.observe(seen(1, number=100 + number))
    done = owner.claim(1, number=90, is_final=True)
    owner.send(done)
    owner.settle(done, 1)
    owner.claim(1, number=91)
    client.hset("hedge:{BTC}:ledger", mapping={"finished_trade_id": "999", "finished_at_ms": str(AT_MS + 99)})
    owner.ledger.restore("e2", fencing=owner.fencing, orders=ORDERS, watermark=UP_TO)
    assert owner.ledger.order_line(order(90)) is None
    assert {line.order for line in owner.ledger.open_lines()} == {order(2), order(3), order(4)}
    assert sum(1 for _ in client.scan_iter("hedge:{BTC}:order:*")) == 3
    check_restored(owner)


@pytest.mark.parametrize("calls_made", range(6))
def test_a_crash_in_the_middle_leaves_it_refused_and_it_can_be_done_again(
    owner: Owner, client: redis.Redis, calls_made: int
) -> None:
    owner.ledger.open_epoch("e1", fencing=owner.fencing)
    owner.claim(1, number=91)

    class Crashing(redis.Redis):
        """A client whose process ends after so many calls."""

        made = 0

        def execute_command(self, *arguments: object, **options: object) -> object:
            if self.made >= calls_made:
                raise redis.ConnectionError("gone")
            type(self).made += 1
            return client.execute_command(*arguments, **options)

    crashing = HedgeLedger(Crashing(), "BTC")
    with pytest.raises(RedisUnavailable):
        crashing.restore("e2", fencing=owner.fencing, orders=ORDERS, watermark=UP_TO)
    if calls_made:
        with pytest.raises(LedgerForgotten, match="being rebuilt"):
            owner.ledger.open_lines()
        with pytest.raises(LedgerForgotten, match="being rebuilt"):
            HedgeLedger(client, "BTC").observe(seen(1, number=77))
    owner.ledger.restore("e3", fencing=owner.fencing, orders=ORDERS, watermark=UP_TO)
    assert (owner.ledger.epoch(), owner.ledger.believed_epoch) == ("e3", "e3")
    check_restored(owner)


def test_who_began_a_rebuilding_that_another_took_over_is_refused(owner: Owner, client: redis.Redis) -> None:
    script = owner.ledger._opening
    script("begin", "", ("e2", 10), fencing=owner.fencing)
    script("begin", "", ("e3", 10), fencing=owner.fencing)
    with pytest.raises(LedgerForgotten, match="not being rebuilt for epoch e2"):
        script("open", "", ("e2", 0, 0, "in_flight", 0), fencing=owner.fencing)


def test_many_finished_orders_are_bounded_and_move_the_watermark(owner: Owner, client: redis.Redis) -> None:
    ledger = HedgeLedger(client, "BTC", bounds=LedgerBounds(finished_kept=5))
    orders = [
        RestoredOrder(seen(1, number=number, is_final=True, trade_id=1000 + number, at_ms=AT_MS), 1, 1)
        for number in range(20)
    ]
    ledger.restore("e2", fencing=owner.fencing, orders=orders[::-1], watermark=UP_TO)
    assert client.hlen("hedge:{BTC}:window") == 5
    assert ledger.marker().watermark.last_trade_id == 1014
    assert [ledger.order_line(order(number)) is None for number in (14, 15)] == [True, False]


def test_a_hedge_whose_bytes_are_lost_is_kept_as_sent(owner: Owner) -> None:
    hedge = RestoredHedge(5, IntentState.SENT, None)
    owner.ledger.restore("e2", fencing=owner.fencing, orders=[replace(ON_ITS_WAY, unsettled=hedge)])
    (found,) = owner.ledger.unfinished()
    assert (found.claim.state, found.transaction) == (IntentState.SENT, None)
    assert found.claim.client_order_index == SIGNED.client_order_index


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (replace(PARTLY, hedged_lots=10), InvariantBroken),
        (replace(PARTLY, hedged_lots=-1), InvariantBroken),
        (replace(PARTLY, attempts=0), InvariantBroken),
        (replace(PARTLY, attempts=4097), InvariantBroken),
        (replace(ON_ITS_WAY, hedged_lots=6), InvariantBroken),
        (replace(ON_ITS_WAY, unsettled=RestoredHedge(0, IntentState.RESERVED, None)), ValueError),
        (replace(ON_ITS_WAY, unsettled=RestoredHedge(5, IntentState.SETTLED, SIGNED)), ValueError),
        (replace(ON_ITS_WAY, unsettled=RestoredHedge(5, IntentState.RESERVED, SIGNED)), ValueError),
        (replace(ON_ITS_WAY, unsettled=RestoredHedge(5, IntentState.SIGNED, None)), ValueError),
    ],
)
def test_amounts_that_cannot_be_are_refused_before_anything_changes(
    owner: Owner, wrong: RestoredOrder, error: type[Exception]
) -> None:
    owner.ledger.open_epoch("e1", fencing=owner.fencing)
    with pytest.raises(error):
        owner.ledger.restore("e2", fencing=owner.fencing, orders=[DONE, wrong])
    assert owner.ledger.epoch() == "e1"


@pytest.mark.parametrize(
    ("epoch", "sequence", "is_being_rebuilt", "remembered", "expected"),
    [
        (None, 0, False, None, Standing.FIRST_START),
        (None, 5, False, None, Standing.FORGOTTEN),
        (None, 5, True, None, Standing.FORGOTTEN),
        ("e1", 5, False, None, Standing.INTACT),
        ("e1", 5, False, ("e1", 5), Standing.INTACT),
        ("e1", 4, False, ("e1", 5), Standing.FORGOTTEN),
        ("e2", 9, False, ("e1", 5), Standing.FORGOTTEN),
        (None, 0, False, ("e1", 5), Standing.FORGOTTEN),
    ],
)
def test_what_the_owner_must_do_before_it_acts(
    epoch: str | None,
    sequence: int,
    is_being_rebuilt: bool,
    remembered: tuple[str, int] | None,
    expected: Standing,
) -> None:
    marker = LedgerMarker(epoch, sequence, is_being_rebuilt, Watermark())
    assert standing(marker, remembered) is expected


def test_a_restarted_redis_that_may_lack_what_came_after_the_disk_was_written_is_not_trusted() -> None:
    marker = LedgerMarker("e1", 5, False, Watermark())
    assert standing(marker, ("e1", 5), may_lack_the_last_changes=True) is Standing.FORGOTTEN
    assert standing(marker, None, may_lack_the_last_changes=True) is Standing.INTACT, "there is nothing to compare with"
