"""What happens is kept without waiting for anybody, added up once, and never without a bound."""

import threading
from collections import OrderedDict

from hedge_strategy.tally import KEPT_MAX, REMEMBERED_MAX, keep_first, keep_newest
from tests.metrics.reading import START_NS, Reader


def test_what_is_kept_is_added_up_once_with_its_moment() -> None:
    reader, seen = Reader("hedger"), list[tuple[object, object, int]]()
    reader.clock.steady_ns = 5
    reader.tally.keep(lambda *what: seen.append(what), "a", "b")
    reader.clock.steady_ns = 9
    reader.tally.count("hedge_redis_errors_total", "timeout")
    assert seen == []
    reader.tally.add_up()
    reader.tally.add_up()
    assert seen == [("a", "b", 5)]
    assert reader.read()["hedge_redis_errors_total"] == {("timeout",): 1}


def test_who_keeps_never_waits_for_who_adds_up() -> None:
    reader, is_inside, may_end = Reader("hedger"), threading.Event(), threading.Event()

    def slow(*_: object) -> None:
        is_inside.set()
        may_end.wait(5)

    reader.tally.keep(slow, None)
    adding = threading.Thread(target=reader.tally.add_up)
    adding.start()
    assert is_inside.wait(5)
    reader.tally.count("hedge_redis_errors_total", "timeout")  # would stand still here
    may_end.set()
    adding.join(5)
    assert reader.read()["hedge_redis_errors_total"] == {("timeout",): 1}


def test_the_oldest_go_when_too_much_waits_and_that_is_told() -> None:
    reader, seen = Reader("hedger"), list[object]()

    def fold(what: object, _also: object, _at_ns: int) -> None:
        seen.append(what)

    for number in range(KEPT_MAX + 3):
        reader.tally.keep(fold, number)
    assert reader.read()["hedge_metrics_overflows_total"] == {(): 1}
    assert (seen[0], seen[-1], len(seen)) == (3, KEPT_MAX + 2, KEPT_MAX)
    assert reader.clock.slept, "others were let in between"


def test_a_mistake_in_adding_up_spoils_its_figure_and_nothing_else() -> None:
    reader = Reader("hedger")

    def mistaken(*_: object) -> None:
        raise KeyError("state")

    reader.tally.keep(mistaken, None)
    reader.tally.look_with("mistaken", mistaken)
    reader.tally.count("hedge_redis_errors_total", "timeout")
    found = reader.read()
    assert found["hedge_redis_errors_total"] == {("timeout",): 1}
    assert found["hedge_metrics_failures_total"] == {(): 2}


def test_a_steady_moment_is_told_by_the_wall() -> None:
    reader = Reader("hedger")
    reader.clock.move_ms(250)
    assert reader.tally.wall_ms(reader.clock.steady_ns - 50_000_000) == (START_NS + 1_200_000_000) // 1_000_000


def test_only_so_much_is_remembered() -> None:
    first, newest = OrderedDict[int, int](), OrderedDict[int, int]()
    for number in (0, *range(REMEMBERED_MAX), 0):
        keep_first(first, number, number)
        keep_newest(newest, number, number)
    keep_first(first, 5, 99)
    keep_newest(newest, REMEMBERED_MAX, 7)
    assert (len(first), len(newest)) == (REMEMBERED_MAX, REMEMBERED_MAX)
    assert first[5] == 5
    assert 0 in newest and 1 not in newest, "the one that was touched last stays"
