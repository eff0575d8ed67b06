"""What is done takes no room, and is still never done again."""

from dataclasses import replace

import pytest
import redis

from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.ledger_restore import Watermark
from hedge_strategy.coordination.ledger_rows import Finished, Nothing, SeenFill, Totals
from hedge_strategy.coordination.ledger_script import LedgerBounds
from hedge_strategy.domain.hedge import IntentState, OrderLine
from hedge_strategy.domain.order import Side
from hedge_strategy.errors import FillContradicted, InvariantBroken

from .owners import Owner, claimed
from .samples import order, seen

BOUNDS = LedgerBounds(finished_kept=3, quiet_kept=4, quiet_rows_kept=2)
START_MS = 1_761_297_780_000


@pytest.fixture
def owner(client: redis.Redis) -> Owner:
    owner = Owner(client)
    owner.ledger = HedgeLedger(client, "BTC", bounds=BOUNDS)
    return owner


def fill_of(number: int, lots: int = 5, *, is_final: bool = True) -> SeenFill:
    """The order's only trade has ten times its number."""
    return seen(lots, number=number, is_final=is_final, trade_id=10 * number, at_ms=START_MS + number)


def hedge(owner: Owner, fill: SeenFill, executed: int | None = None) -> OrderLine:
    claim = claimed(owner.ledger.claim(fill, fencing=owner.fencing, claim_token=f"{executed} {fill}"))
    owner.send(claim)
    return owner.settle(claim, claim.lots if executed is None else executed)


def ask(owner: Owner, fill: SeenFill) -> object:
    return owner.ledger.claim(fill, fencing=owner.fencing, claim_token=f"again {fill}")


def rows(client: redis.Redis) -> int:
    return sum(1 for _ in client.scan_iter("hedge:{BTC}:order:*"))


def test_a_final_hedged_order_gives_up_its_row_and_is_never_claimed_again(owner: Owner, client: redis.Redis) -> None:
    assert hedge(owner, fill_of(1)) == OrderLine(order(), Side.SELL, 5, 5, 0, True)
    assert rows(client) == 0
    assert owner.ledger.order_line(order()) == OrderLine(order(), Side.SELL, 5, 5, 0, True)
    assert owner.ledger.intents_of(order()) == ()
    answer = ask(owner, fill_of(1))
    assert isinstance(answer, Nothing)
    assert answer.line.hedged_lots == 5
    assert owner.ledger.observe(fill_of(1, 3)).filled_lots == 5
    assert (owner.ledger.open_lines(), owner.ledger.totals()) == ((), Totals(0, 5, 0, 5, 0))


def test_an_order_that_ends_after_it_was_hedged_gives_up_its_row_too(owner: Owner, client: redis.Redis) -> None:
    claim = claimed(ask(owner, fill_of(1, is_final=False)))
    owner.send(claim)
    owner.settle(claim, 5)
    assert rows(client) == 1
    assert isinstance(ask(owner, fill_of(1)), Nothing)
    assert rows(client) == 0
    with pytest.raises(InvariantBroken, match="settled with 5"):
        owner.settle(claim, 4)


@pytest.mark.parametrize("reopens_final", [True, False])
def test_an_order_that_fills_further_after_all_is_hedged_for_the_rest(
    owner: Owner, client: redis.Redis, reopens_final: bool
) -> None:
    hedge(owner, fill_of(1, 5), executed=2)
    hedge(owner, fill_of(1, 5))
    assert owner.ledger.observe(fill_of(1, 9, is_final=reopens_final)).is_final is reopens_final
    assert (client.hlen("hedge:{BTC}:window"), client.zcard("hedge:{BTC}:finished")) == (0, 0)
    more = claimed(ask(owner, fill_of(1, 9, is_final=reopens_final)))
    assert (more.lots, more.attempt) == (4, 2)
    assert [one.claim.attempt for one in owner.ledger.intents_of(order())] == [2]
    assert [line.hedged_lots for line in owner.ledger.open_lines()] == [5]
    owner.send(more)
    assert owner.settle(more, 4) == OrderLine(order(), Side.SELL, 9, 9, 0, reopens_final)
    assert owner.ledger.totals() == Totals(0, 9, 0, 9, 0)


def test_a_settlement_without_an_answer_is_repeated_after_the_row_is_gone(owner: Owner) -> None:
    claim = claimed(ask(owner, fill_of(1)))
    owner.send(claim)
    line = owner.settle(claim, 5)
    assert owner.settle(claim, 5) == line
    with pytest.raises(InvariantBroken, match="settled with 5"):
        owner.settle(claim, 4)
    with pytest.raises(InvariantBroken, match="no hedge"):
        owner.settle(replace(claim, attempt=1), 5)
    with pytest.raises(InvariantBroken, match="is settled"):
        owner.ledger.advance(claim, IntentState.DEAD, fencing=owner.fencing)
    owner.ledger.observe(fill_of(1, 6))
    assert owner.settle(claim, 5).unhedged_lots == 1, "also when the order has its row again"
    assert owner.ledger.totals() == Totals(0, 6, 0, 5, 0)


def test_the_side_of_an_order_without_a_row_still_holds(owner: Owner) -> None:
    hedge(owner, fill_of(1))
    with pytest.raises(FillContradicted, match="is a sell"):
        ask(owner, replace(fill_of(1), side=Side.BUY))


def test_what_falls_out_of_the_window_is_finished_for_ever(owner: Owner, client: redis.Redis) -> None:
    for number in range(1, 8):
        hedge(owner, fill_of(number))
    assert (client.hlen("hedge:{BTC}:window"), client.zcard("hedge:{BTC}:finished"), rows(client)) == (3, 3, 0)
    assert owner.ledger.marker().watermark.last_trade_id == 40
    for number in range(1, 5):
        answer = ask(owner, fill_of(number))
        assert isinstance(answer, Finished)
        assert answer.line == OrderLine(order(number), Side.SELL, 5, 5, 0, True)
        assert owner.ledger.observe(fill_of(number)) == answer.line
        assert owner.ledger.order_line(order(number)) is None
    assert isinstance(ask(owner, fill_of(5)), Nothing)
    assert owner.ledger.totals() == Totals(0, 35, 0, 35, 0), "nothing was noted"
    assert claimed(ask(owner, fill_of(8))).lots == 5


def test_the_watermark_never_goes_back(owner: Owner) -> None:
    orders = (9, 1, 2, 3, 4, 5)
    for number in orders:
        owner.ledger.observe(fill_of(number, 1, is_final=False))
    for number in orders:
        hedge(owner, fill_of(number))
    assert owner.ledger.marker().watermark == Watermark(90, START_MS + 9)
    assert isinstance(ask(owner, fill_of(8)), Finished)


def test_without_a_trade_the_time_tells_whether_an_order_is_finished(owner: Owner) -> None:
    for number in range(1, 8):
        hedge(owner, replace(fill_of(number), last_trade_id=0))
    for number, is_finished in ((4, True), (6, False), (9, False)):
        answer = ask(owner, replace(fill_of(number), last_trade_id=0))
        assert isinstance(answer, Finished) is is_finished
    late_trade = replace(fill_of(3), last_trade_id=999)
    assert isinstance(ask(owner, late_trade), Finished), "its trades were told only after it was finished"
    with pytest.raises(FillContradicted, match="do not tell"):
        ask(owner, seen(5, number=99))
    in_seconds = seen(5, number=99, at_ms=START_MS // 1000)
    with pytest.raises(FillContradicted, match="do not tell"):
        ask(owner, in_seconds)
    assert claimed(ask(owner, replace(in_seconds, last_trade_id=990))).lots == 5


def test_one_fill_with_a_time_far_in_the_future_does_not_finish_all_that_follow(owner: Owner) -> None:
    hedge(owner, seen(5, number=1, is_final=True, at_ms=START_MS * 1000))
    for number in range(2, 6):
        hedge(owner, fill_of(number))
    new = owner.ledger.marker().watermark.filled_at_ms + 1
    assert claimed(ask(owner, seen(5, number=9, at_ms=new))).lots == 5
    assert new < START_MS * 10


def test_one_wrong_trade_id_does_not_finish_all_that_follow_in_silence(owner: Owner) -> None:
    hedge(owner, replace(fill_of(1), last_trade_id=(1 << 63) - 1))
    for number in range(2, 5):
        hedge(owner, fill_of(number))
    with pytest.raises(FillContradicted, match="do not tell"):
        ask(owner, replace(fill_of(9), filled_at_ms=START_MS + 100_000))


def test_trade_ids_beyond_what_lua_counts_exactly_are_compared_exactly(owner: Owner) -> None:
    first = 1 << 53
    for number in range(4):
        hedge(owner, seen(5, number=number, is_final=True, trade_id=first if number == 0 else number))
    assert owner.ledger.marker().watermark.last_trade_id == first
    assert isinstance(ask(owner, seen(5, number=9, trade_id=first)), Finished)
    assert claimed(ask(owner, seen(5, number=9, trade_id=first + 1))).lots == 5


def test_orders_that_are_never_final_leave_their_rows_when_there_are_many(owner: Owner, client: redis.Redis) -> None:
    for number in range(1, 6):
        hedge(owner, fill_of(number, is_final=False))
    assert rows(client) == BOUNDS.quiet_rows_kept
    assert {line.order for line in owner.ledger.open_lines()} == {order(4), order(5)}
    assert isinstance(ask(owner, fill_of(1, is_final=False)), Nothing)
    for number in range(11, 16):
        hedge(owner, fill_of(number))
    more = claimed(ask(owner, fill_of(1, 7, is_final=False)))
    assert (more.lots, more.attempt) == (2, 1), "finished orders do not push out one that may fill further"
    owner.send(more)
    owner.settle(more, 2)
    assert owner.ledger.totals() == Totals(0, 52, 0, 52, 0)


def test_an_order_that_ends_in_the_window_counts_as_finished_from_then_on(owner: Owner, client: redis.Redis) -> None:
    for number in range(1, 5):
        hedge(owner, fill_of(number, is_final=False))
    assert client.zcard("hedge:{BTC}:quiet") == 2
    assert owner.ledger.observe(fill_of(1)).is_final
    assert (client.zcard("hedge:{BTC}:quiet"), client.zcard("hedge:{BTC}:finished")) == (1, 1)
    assert owner.ledger.order_line(order(1)) == OrderLine(order(1), Side.SELL, 5, 5, 0, True)


def test_an_order_that_is_never_final_leaves_its_row_when_it_is_old(client: redis.Redis) -> None:
    owner = Owner(client)
    owner.ledger = HedgeLedger(client, "BTC", bounds=LedgerBounds(quiet_row_age_ms=60_000))
    hedge(owner, fill_of(1, is_final=False))
    hedge(owner, fill_of(2, is_final=False))
    assert rows(client) == 2
    client.zincrby("hedge:{BTC}:quiet_rows", -60_000, f"{order(1).account_index}:1:{order(1).order_index}")
    owner.ledger.observe(fill_of(3))
    assert {line.order for line in owner.ledger.open_lines()} == {order(2), order(3)}
    assert owner.ledger.order_line(order(1)) == OrderLine(order(1), Side.SELL, 5, 5, 0, False)


def test_a_row_on_its_way_stays_however_many_come_after_it(owner: Owner, client: redis.Redis) -> None:
    hedge(owner, fill_of(1, 2, is_final=False))
    assert client.zcard("hedge:{BTC}:quiet_rows") == 1
    waiting = claimed(ask(owner, fill_of(1, 7, is_final=False)))
    assert client.zcard("hedge:{BTC}:quiet_rows") == 0
    for number in range(2, 12):
        hedge(owner, fill_of(number, is_final=number % 2 == 0))
    assert [one.claim for one in owner.ledger.unfinished()] == [waiting]
    owner.send(waiting)
    assert owner.settle(waiting, 5).unhedged_lots == 0


def test_the_signed_bytes_of_a_settled_hedge_are_dropped_and_its_hash_is_kept(owner: Owner) -> None:
    hedge(owner, fill_of(1, is_final=False), executed=3)
    (kept,) = owner.ledger.intents_of(order())
    assert kept.transaction is None
    assert (kept.transaction_hash, kept.nonce, kept.key_index, kept.executed_lots) == ("0x7", 7, 4, 3)


def test_the_ledger_is_no_larger_after_ten_times_as_many_fills(real: redis.Redis) -> None:
    owner = Owner(real)
    owner.ledger = HedgeLedger(real, "BTC", bounds=LedgerBounds(finished_kept=100, quiet_kept=50, quiet_rows_kept=20))

    def stored() -> int:
        names = list(real.scan_iter("hedge:{BTC}:*"))
        return sum(real.memory_usage(name, samples=0) or 0 for name in names)

    sizes = {}
    for number in range(1, 2_001):
        hedge(owner, fill_of(1000 + number, is_final=number % 4 != 0))
        if number in (200, 2_000):
            sizes[number] = stored()
    assert sizes[2_000] <= sizes[200] * 1.05
