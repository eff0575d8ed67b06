"""Which books are asked for, and when again."""

import pytest
from structlog.testing import capture_logs

from hedge_strategy.errors import WireError
from hedge_strategy.venues.lighter.book_feeds import RESYNC_PAUSE_MS, BookFeeds
from hedge_strategy.venues.lighter.parse import BookChange

PATIENCE_MS = 10_000


def change(index: int, begin: int, nonce: int) -> BookChange:
    return BookChange(market_index=index, begin_nonce=begin, nonce=nonce, bids=(), asks=())


class Scene:
    """Two books of one connection, and what was written of them."""

    def __init__(self) -> None:
        self.written: list[tuple[str, int]] = []
        self.feeds = BookFeeds(lambda kind, index: self.written.append((kind, index)), PATIENCE_MS)
        self.feeds.want([0, 1])
        self.feeds.opened(0)
        for index in (0, 1):
            self.feeds.ask(index, 0)

    def asked(self, index: int) -> int:
        return self.written.count(("subscribe", index))

    def comes(self, index: int, now_ms: int = 0) -> None:
        self.feeds.heard(change(index, 0, 100), now_ms, is_snapshot=True)
        assert self.feeds.confirmed(f"order_book:{index}") == index


def test_what_does_not_come_is_asked_for_again_later_each_time_and_at_least_once_a_minute() -> None:
    scene = Scene()
    scene.comes(1)
    asked_at = []
    with capture_logs() as said:
        for now_s in range(400):
            before = scene.asked(0)
            scene.feeds.tick(now_s * 1_000)
            if scene.asked(0) > before:
                asked_at.append(now_s)
    assert asked_at == [10, 30, 70, 130, 190, 250, 310, 370]
    assert (scene.asked(1), len(said)) == (1, 1)
    assert (scene.feeds.is_there(0), scene.feeds.is_there(1), scene.feeds.are_all_late(10**6)) == (False, True, False)


def test_not_one_that_comes_is_the_connections_fault() -> None:
    feeds = Scene().feeds
    assert (feeds.are_all_late(PATIENCE_MS - 1), feeds.are_all_late(PATIENCE_MS)) == (False, True)
    feeds.leave(0)
    feeds.leave(1)
    assert not feeds.are_all_late(PATIENCE_MS), "none is wanted"


def test_a_gap_is_healed_at_once_and_the_next_one_after_a_pause() -> None:
    scene = Scene()
    scene.comes(0)
    scene.comes(1)
    for at_ms, asked in ((0, 2), (100, 2), (RESYNC_PAUSE_MS, 3)):
        scene.feeds.heard(change(1, 150, 160), at_ms, is_snapshot=False)
        scene.feeds.tick(at_ms)
        assert (scene.asked(1), scene.feeds.is_there(1), scene.feeds.is_there(0)) == (asked, False, True)
        if at_ms == 0:
            scene.comes(1, at_ms)
    assert scene.asked(0) == 1


def test_a_market_that_is_added_is_not_there_before_its_book_has_come() -> None:
    feeds = Scene().feeds
    feeds.want([7])
    assert not feeds.is_there(7)
    feeds.ask(7, 0)
    assert not feeds.is_there(7)
    assert feeds.confirmed("order_book:7") == 7
    assert feeds.is_there(7)


def test_a_refusal_is_a_books_where_it_names_one_or_one_may_still_be_answered() -> None:
    scene = Scene()
    scene.comes(1)
    feeds = scene.feeds
    assert feeds.is_refusal("", "failed", 0)
    assert not feeds.is_refusal("account_tx:5", "order_book:1 is there", 0)
    assert feeds.is_refusal("order_book:0", "", 0)
    assert not feeds.is_awaiting(0), "it was answered"
    assert not feeds.is_refusal("", "failed", 0), "of what else the connection has"


def test_what_is_left_is_passed_over_and_what_was_never_wanted_makes_no_sense() -> None:
    scene = Scene()
    scene.feeds.leave(1)
    scene.feeds.heard(change(1, 0, 5), 0, is_snapshot=True)
    assert (scene.feeds.indices, scene.feeds.top(1, 1).is_live) == ({0}, False)
    with pytest.raises(WireError, match="was not asked for"):
        scene.feeds.heard(change(9, 0, 5), 0, is_snapshot=True)
    assert scene.feeds.confirmed("account_tx:0") is None
