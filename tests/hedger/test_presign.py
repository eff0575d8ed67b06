"""What is signed ahead, and that nothing of it leaves but for the very hedge that it was signed for."""

from dataclasses import replace
from decimal import Decimal

import pytest

from hedge_strategy.coordination.ledger_rows import SeenFill
from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey, OrderLine, PreparedHedge
from hedge_strategy.domain.ids import ATTEMPTS_PER_ORDER, hedge_identity
from hedge_strategy.domain.order import Side, SignedTransaction
from hedge_strategy.hedger.backlog import Backlog, Waiting
from hedge_strategy.hedger.presign import AHEAD_MAX, FAILURE_PAUSE_MS, SigningAhead
from hedge_strategy.hedger.settings import HedgerSettings
from hedge_strategy.hedger.signing_events import OrderAnnounced, SignAhead, SignedAhead, SigningAheadFailed
from hedge_strategy.hedger.under_way import HedgeUnderWay
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues.port import BookTop
from tests.hedger.world import BOOK, LANE, order_key, seen, settings

NOW_MS = 1_000_000
LIFE_MS = 600_000
PRICE = Decimal(100_000)


def ahead_of(*, threads: int = AHEAD_MAX, keeps_apart: bool = False, limits: Limits | None = None) -> SigningAhead:
    known = settings(limits=limits)
    return SigningAhead(_with(known, threads, keeps_apart))


def _with(known: HedgerSettings, threads: int, keeps_apart: bool) -> HedgerSettings:
    return replace(known, rule=replace(known.rule, keeps_apart=keeps_apart), signing_threads=threads)


def announced(lots: int = 30, number: int = 1, sequence: int = 1, maker_id: str = "a-1") -> OrderAnnounced:
    return OrderAnnounced(order_key(number), Side.BUY, lots, PRICE, maker_id, sequence)


def book(bid: str) -> BookTop:
    return BookTop(((Decimal(bid), Decimal(1)),), ((Decimal(bid) + 1, Decimal(1)),), is_live=True)


def answer(command: SignAhead, now_ms: int = NOW_MS) -> SignedAhead:
    index = command.order.intent.client_order_index
    nonce = command.job.nonce
    return SignedAhead(command, SignedTransaction(14, f"{index}", f"0x{nonce}", nonce, LANE, now_ms + LIFE_MS, index))


def waiting(fill: SeenFill) -> Waiting:
    return Waiting(fill, PRICE)


def take(ahead: SigningAhead, one: Waiting, nonce: int, now: BookTop, now_ms: int) -> PreparedHedge | None:
    """The bytes that were ready for a fill whose turn it is."""
    found = ahead.before_claim(HedgeUnderWay(None), one, nonce, now, now_ms)
    return found if isinstance(found, PreparedHedge) else None


def signed(ahead: SigningAhead, nonce: int = 10) -> SignedAhead:
    """Signs all that is wanted; the answer to the first of it."""
    answers = [answer(command) for command in ahead.plan(None, Backlog(), nonce, BOOK, NOW_MS)]
    for one in answers:
        assert ahead.answered(one, NOW_MS) == ()
    return answers[0]


def test_the_whole_of_an_announced_order_is_signed_for_the_other_side_on_the_next_nonce() -> None:
    ahead = ahead_of()
    ahead.announced(announced(30))
    (command,) = ahead.plan(None, Backlog(), 10, BOOK, NOW_MS)
    intent = command.order.intent
    assert (intent.side, intent.size, command.job.nonce) == (Side.SELL, Decimal("0.00030"), 10)
    identity = hedge_identity(intent.client_order_index, 1)
    assert (identity.maker_order_index, identity.attempt) == (order_key().order_index, 0)
    assert Decimal(99_500) < intent.price < Decimal(99_700)
    assert ahead.plan(None, Backlog(), 10, BOOK, NOW_MS) == (), "asked for twice"
    taken = signed_is_taken(ahead, answer(command))
    assert taken


def signed_is_taken(ahead: SigningAhead, one: SignedAhead) -> bool:
    ahead.answered(one, NOW_MS)
    taken = take(ahead, waiting(seen(30, is_final=True)), 10, BOOK, NOW_MS)
    return taken is not None and (taken.transaction, taken.lots) == (one.transaction, 30)


def test_what_was_taken_is_gone() -> None:
    ahead = ahead_of()
    ahead.announced(announced(30))
    signed(ahead)
    assert take(ahead, waiting(seen(30)), 10, BOOK, NOW_MS) is not None
    assert take(ahead, waiting(seen(30)), 10, BOOK, NOW_MS) is None


@pytest.mark.parametrize(
    ("fill", "nonce"),
    [
        (seen(29), 10),
        (seen(31), 10),
        (seen(30, 2), 10),
        (seen(30, side=Side.SELL), 10),
        (seen(30), 9),
        (seen(30), 11),
    ],
    ids=["fewer lots", "more lots", "another order", "the other side", "a nonce before", "a nonce after"],
)
def test_nothing_leaves_for_another_hedge_or_nonce_than_it_was_signed_for(fill: SeenFill, nonce: int) -> None:
    ahead = ahead_of()
    ahead.announced(announced(30))
    signed(ahead)
    assert take(ahead, waiting(fill), nonce, BOOK, NOW_MS) is None


def test_a_fill_that_may_leave_a_rest_on_the_book_is_not_hedged_past_that_rest() -> None:
    ahead = ahead_of(keeps_apart=True)
    ahead.announced(announced(30))
    signed(ahead)
    assert take(ahead, waiting(seen(30, is_final=False)), 10, BOOK, NOW_MS) is None
    assert take(ahead, waiting(seen(30, is_final=True)), 10, BOOK, NOW_MS) is not None


@pytest.mark.parametrize(("bid", "is_right"), [("100000", True), ("99877", True), ("99500", False), ("100500", False)])
def test_the_price_must_still_be_a_bound_that_is_neither_loose_nor_tight(bid: str, is_right: bool) -> None:
    ahead = ahead_of()
    ahead.announced(announced(30))
    signed(ahead)
    assert (ahead.plan(None, Backlog(), 10, book(bid), NOW_MS) == ()) is is_right
    assert (take(ahead, waiting(seen(30)), 10, book(bid), NOW_MS) is not None) is is_right


def test_it_is_signed_anew_at_half_of_its_life_and_not_used_at_its_end() -> None:
    ahead = ahead_of()
    ahead.announced(announced(30))
    signed(ahead)
    assert ahead.plan(None, Backlog(), 10, BOOK, NOW_MS + LIFE_MS // 2 - 1) == ()
    assert len(ahead.plan(None, Backlog(), 10, BOOK, NOW_MS + LIFE_MS // 2)) == 1
    assert take(ahead, waiting(seen(30)), 10, BOOK, NOW_MS + LIFE_MS) is None


@pytest.mark.parametrize("moved_to", [None, 9, 11])
def test_what_was_signed_for_a_nonce_that_has_moved_is_dropped(moved_to: int | None) -> None:
    ahead = ahead_of()
    ahead.announced(announced(30))
    signed(ahead)
    ahead.plan(None, Backlog(), moved_to, BOOK, NOW_MS)
    assert take(ahead, waiting(seen(30)), 10, BOOK, NOW_MS) is None


def test_what_was_being_signed_when_the_market_was_lost_is_not_kept_when_it_comes() -> None:
    ahead = ahead_of()
    ahead.announced(announced(30))
    (command,) = ahead.plan(None, Backlog(), 10, BOOK, NOW_MS)
    ahead.clear()
    ahead.answered(answer(command), NOW_MS)
    assert take(ahead, waiting(seen(30)), 10, BOOK, NOW_MS) is None
    assert ahead.plan(None, Backlog(), 10, BOOK, NOW_MS) == (), "the announcement was another owner's"


def test_fills_that_wait_come_first_each_on_its_own_nonce_and_no_more_than_the_bound() -> None:
    ahead, backlog = ahead_of(), Backlog()
    for number in range(1, AHEAD_MAX + 3):
        backlog.heard(seen(10 + number, number), PRICE, None)
    ahead.announced(announced(30, 99))
    jobs = [command.job for command in ahead.plan(None, backlog, 20, BOOK, NOW_MS)]
    assert [(job.order, job.lots, job.nonce) for job in jobs] == [
        (order_key(number), 10 + number, 19 + number) for number in range(1, AHEAD_MAX + 1)
    ]


def test_no_more_is_being_signed_than_there_are_threads() -> None:
    ahead, backlog = ahead_of(threads=2), Backlog()
    for number in range(1, 5):
        backlog.heard(seen(10, number), PRICE, None)
    first, _ = ahead.plan(None, backlog, 20, BOOK, NOW_MS)
    assert ahead.plan(None, backlog, 20, BOOK, NOW_MS) == ()
    ahead.answered(answer(first), NOW_MS)
    assert [command.job.nonce for command in ahead.plan(None, backlog, 20, BOOK, NOW_MS)] == [22]


def test_an_order_that_has_a_hedge_already_is_not_signed_for_its_first() -> None:
    ahead, backlog = ahead_of(), Backlog()
    backlog.heard(seen(10, 1), PRICE, None)
    backlog.heard(seen(10, 2), PRICE, None)
    ahead.announced(announced(30, 3))
    ahead.claimed(order_key(1))
    ahead.claimed(order_key(3))
    jobs = [command.job for command in ahead.plan(None, backlog, 20, BOOK, NOW_MS)]
    assert [(job.order, job.nonce) for job in jobs] == [(order_key(2), 21)]


@pytest.mark.parametrize(
    ("part", "is_final", "rest"),
    [(20, False, 10), (15, False, 15), (14, False, None), (20, True, None), (30, False, None)],
)
def test_after_a_part_that_is_no_smaller_the_rest_is_signed_as_the_order_s_next_hedge(
    part: int, is_final: bool, rest: int | None
) -> None:
    ahead = ahead_of()
    ahead.announced(announced(30))
    ahead.claimed(order_key())
    assert ahead.plan(None, Backlog(), 10, BOOK, NOW_MS) == (), "what its hedge comes to is not known yet"
    ahead.settled(OrderLine(order_key(), Side.BUY, part, part, 0, is_final), 0, part)
    jobs = [(command.job.lots, command.job.attempt) for command in ahead.plan(None, Backlog(), 11, BOOK, NOW_MS)]
    assert jobs == ([] if rest is None else [(rest, 1)])


def test_of_many_small_parts_the_rest_is_signed_when_one_like_the_last_would_take_it() -> None:
    ahead = ahead_of()
    ahead.announced(announced(30))
    for attempt, hedged in enumerate((10, 20)):
        assert ahead.plan(None, Backlog(), 10, BOOK, NOW_MS) == () or not attempt
        ahead.settled(OrderLine(order_key(), Side.BUY, hedged, hedged, 0, False), attempt, 10)
    (command,) = ahead.plan(None, Backlog(), 12, BOOK, NOW_MS)
    assert (command.job.lots, command.job.attempt) == (10, 2)
    ahead.answered(answer(command), NOW_MS)
    taken = take(ahead, waiting(seen(30)), 12, BOOK, NOW_MS)
    assert taken is not None
    assert taken.lots == 10
    assert hedge_identity(taken.transaction.client_order_index, 1).attempt == 2


def test_the_rest_is_not_signed_beyond_the_attempts_that_an_order_may_take() -> None:
    ahead = ahead_of()
    ahead.announced(announced(30))
    ahead.settled(OrderLine(order_key(), Side.BUY, 20, 20, 0, False), ATTEMPTS_PER_ORDER - 1, 20)
    assert ahead.plan(None, Backlog(), 10, BOOK, NOW_MS) == (), "its numbers have room for no further attempt"
    ahead.settled(OrderLine(order_key(), Side.BUY, 20, 20, 0, False), 0, 20)
    assert len(ahead.plan(None, Backlog(), 10, BOOK, NOW_MS)) == 1


def test_while_others_wait_or_are_under_way_a_resting_order_is_not_signed_for_a_nonce_that_will_be_theirs() -> None:
    ahead, others = ahead_of(), Backlog()
    ahead.announced(announced(30))
    others.heard(seen(5, 2), PRICE, None)
    jobs = [(command.job.order, command.job.nonce) for command in ahead.plan(None, others, 10, BOOK, NOW_MS)]
    assert jobs == [(order_key(2), 10)]
    under_way = HedgeUnderWay(Claim(order_key(2), Side.BUY, 1, 0, 5, IntentState.SENT))
    assert ahead.plan(under_way, Backlog(), 10, BOOK, NOW_MS) == ()
    assert [command.job.nonce for command in ahead.plan(None, Backlog(), 11, BOOK, NOW_MS)] == [11]


def test_of_one_run_of_a_an_older_announcement_does_not_replace_a_newer() -> None:
    ahead = ahead_of()
    ahead.announced(announced(30, 2, sequence=2))
    ahead.announced(announced(30, 1, sequence=1))
    assert signed(ahead).ahead.job.order == order_key(2)
    ahead.announced(announced(30, 3, sequence=1, maker_id="a-2"))
    assert signed(ahead).ahead.job.order == order_key(3)


def test_what_the_gate_refuses_is_not_signed() -> None:
    ahead = ahead_of(limits=Limits(max_order_size=Decimal("0.00020")))
    ahead.announced(announced(30))
    assert ahead.plan(None, Backlog(), 10, BOOK, NOW_MS) == ()


def test_a_signer_that_refuses_is_asked_again_later() -> None:
    ahead = ahead_of()
    ahead.announced(announced(30))
    (command,) = ahead.plan(None, Backlog(), 10, BOOK, NOW_MS)
    assert ahead.answered(SigningAheadFailed(command, "refused"), NOW_MS)
    assert ahead.plan(None, Backlog(), 10, BOOK, NOW_MS + FAILURE_PAUSE_MS - 1) == ()
    assert len(ahead.plan(None, Backlog(), 10, BOOK, NOW_MS + FAILURE_PAUSE_MS)) == 1


def test_switched_off_it_signs_nothing() -> None:
    ahead = ahead_of(threads=0)
    ahead.announced(announced(30))
    assert ahead.plan(None, Backlog(), 10, BOOK, NOW_MS) == ()


def test_an_order_that_the_ledger_knows_to_be_hedged_in_part_has_no_first_hedge() -> None:
    line = OrderLine(OrderKey(7, 1, 5), Side.BUY, 10, 4, 0, False)
    backlog = Backlog()
    backlog.lacks(line, PRICE)
    ahead = ahead_of()
    ahead.claimed(line.order)
    assert ahead.plan(None, backlog, 20, BOOK, NOW_MS) == ()
