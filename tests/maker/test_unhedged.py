"""Fills on their way: kept on disk while Redis is away, told again where the ledger does not know them."""

from decimal import Decimal

from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.order import Side
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.unhedged import (
    LEDGER_POLL_MS,
    PUBLISH_RETRY_MS,
    READS_PER_TICK,
    REPEAT_AFTER_MS,
    UnhedgedFills,
)

NOW = 1_760_000_000_000


def fill(order: int, size: str, *, is_final: bool = False) -> CumulativeFill:
    return CumulativeFill(7, 1, order, Side.BUY, Decimal(size), Decimal(size) * 100, is_final, NOW)


def published(fills: UnhedgedFills, one: CumulativeFill, at_ms: int = NOW) -> None:
    assert fills.told(one, at_ms) == (ev.PublishFill(one),)
    fills.published(one, at_ms)


def test_what_redis_takes_at_once_never_touches_the_disk() -> None:
    fills = UnhedgedFills(10_000)
    assert fills.told(fill(1, "0.3"), NOW) == (ev.PublishFill(fill(1, "0.3")),)
    assert fills.published(fill(1, "0.3"), NOW) == ()
    assert fills.is_published
    assert not fills.is_hedged
    assert fills.since_ms == NOW


def test_all_that_waits_is_kept_as_soon_as_redis_fails_and_forgotten_once_redis_has_it() -> None:
    fills = UnhedgedFills(10_000)
    first, grown, other = fill(1, "0.3"), fill(1, "0.5"), fill(2, "1")
    fills.told(first, NOW)
    assert fills.publish_failed(NOW) == (ev.KeepFill(first),)
    assert fills.told(other, NOW) == (ev.KeepFill(other),), "kept although it was not tried"
    assert fills.told(grown, NOW) == (ev.KeepFill(grown),)
    assert fills.publish_failed(NOW) == (), "it is kept already"
    assert fills.tick(NOW + PUBLISH_RETRY_MS - 1, is_redis_there=False) == ()
    assert fills.tick(NOW + PUBLISH_RETRY_MS, is_redis_there=False) == (ev.PublishFill(grown),)
    assert fills.published(grown, NOW) == (ev.PublishFill(other),)
    assert fills.published(other, NOW) == (ev.ForgetKept(),)
    assert fills.is_published
    published(fills, fill(3, "1"))


def test_a_disk_that_failed_is_tried_again_with_redis() -> None:
    fills = UnhedgedFills(10_000)
    fills.told(fill(1, "0.3"), NOW)
    fills.publish_failed(NOW)
    fills.keep_failed(fill(1, "0.3"))
    assert fills.publish_failed(NOW) == (ev.KeepFill(fill(1, "0.3")),)
    fills.keep_failed(fill(1, "0.3"))
    assert fills.published(fill(1, "0.3"), NOW) == (ev.ForgetKept(),), "it may stand on the disk all the same"


def test_what_an_earlier_run_kept_is_published_in_order_and_a_smaller_amount_read_since_does_not_replace_it() -> None:
    fills = UnhedgedFills(10_000)
    kept = (fill(1, "0.3"), fill(2, "1", is_final=True), fill(1, "0.5"))
    assert fills.restored(kept, NOW) == (ev.PublishFill(fill(1, "0.5")),)
    assert fills.told(fill(1, "0.2"), NOW) == ()
    assert fills.published(fill(1, "0.5"), NOW) == (ev.PublishFill(kept[1]),)
    assert fills.published(kept[1], NOW) == (ev.ForgetKept(),)
    assert fills.sizes == {1: Decimal("0.5"), 2: Decimal(1)}


def test_an_end_is_not_lost_with_the_amount() -> None:
    fills = UnhedgedFills(10_000)
    fills.told(fill(1, "0.5"), NOW)
    fills.publish_failed(NOW)
    assert fills.told(fill(1, "0.3", is_final=True), NOW) == (ev.KeepFill(fill(1, "0.5", is_final=True)),)


def test_a_ledger_that_knows_less_for_a_second_is_told_again_ever_more_seldom() -> None:
    fills = UnhedgedFills(10_000)
    one, now = fill(1, "0.5"), NOW
    published(fills, one)
    for known in ("0", "0.3"):
        told = ev.HedgeTold(1, Decimal(0), ledger_size=Decimal(known))
        wait_ms = REPEAT_AFTER_MS << (0 if known == "0" else 1)
        assert fills.hedge_told(told, now + wait_ms - 1, has_hedger=True) == ()
        assert fills.hedge_told(told, now + wait_ms, has_hedger=False) == (), "nobody reads it"
        now += wait_ms
        note, again = fills.hedge_told(told, now, has_hedger=True)
        assert isinstance(note, ev.Note)
        assert again == ev.PublishFill(one)
        fills.published(one, now)


def test_a_ledger_that_knows_what_was_published_is_left_alone() -> None:
    fills = UnhedgedFills(10_000)
    published(fills, fill(1, "0.5"))
    late = NOW + 60_000
    assert fills.hedge_told(ev.HedgeTold(1, Decimal(0), ledger_size=Decimal("0.5")), late, has_hedger=True) == ()
    assert fills.hedge_told(ev.HedgeTold(1, Decimal("0.2")), late, has_hedger=True) == (), (
        "B's word is not the ledger's"
    )
    fills.hedge_told(ev.HedgeTold(1, Decimal("0.5"), ledger_size=Decimal("0.5")), late, has_hedger=True)
    assert fills.is_hedged


def test_the_ledger_is_asked_while_redis_answers_and_a_long_wait_is_told_once() -> None:
    fills = UnhedgedFills(3_000)
    published(fills, fill(1, "0.5"))
    at = NOW + LEDGER_POLL_MS
    assert fills.tick(at, is_redis_there=False) == ()
    (asked,) = fills.tick(at, is_redis_there=True)
    assert isinstance(asked, ev.ReadLedger)
    assert asked.order_index == 1
    assert fills.tick(at + 1, is_redis_there=True) == ()
    assert fills.overdue(NOW + 2_999) == ()
    assert len(fills.overdue(NOW + 3_000)) == 1
    assert fills.overdue(NOW + 4_000) == ()


def test_a_fill_that_grows_while_it_is_published_is_published_to_the_end() -> None:
    fills = UnhedgedFills(10_000)
    first, grown = fill(1, "0.3"), fill(1, "0.5")
    fills.told(first, NOW)
    assert fills.told(grown, NOW) == ()
    assert fills.published(first, NOW) == (ev.PublishFill(grown),)


def test_where_many_hedges_are_awaited_the_ledger_is_asked_about_a_few_at_a_time_and_about_each_in_its_turn() -> None:
    fills, count = UnhedgedFills(10_000), 3 * READS_PER_TICK
    for number in range(count):
        published(fills, fill(number, "1"))
    asked: list[int] = []
    for tick in range(4):
        commands = fills.tick(NOW + LEDGER_POLL_MS + tick, is_redis_there=True)
        assert len(commands) == (READS_PER_TICK if tick < 3 else 0)
        asked += [command.order_index for command in commands if isinstance(command, ev.ReadLedger)]
    assert asked == list(range(count))
    assert fills.sizes.keys() == set(range(count))
