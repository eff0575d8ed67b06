"""A book follows its chain of changes, and says so when it does not."""

import itertools
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.venues.lighter.book import LiveBook
from hedge_strategy.venues.lighter.parse import BookChange

ONE, TWO, SIZE, GONE = Decimal(1), Decimal(2), Decimal("0.5"), Decimal(0)


def change(begin: int, end: int, bids: tuple[tuple[Decimal, Decimal], ...] = ()) -> BookChange:
    return BookChange(1, bids, (), begin, end)


def snapshot(nonce: int = 10) -> LiveBook:
    book = LiveBook()
    book.replace(BookChange(1, ((ONE, SIZE),), ((TWO, SIZE),), 0, nonce))
    return book


def test_a_new_book_is_not_live() -> None:
    assert not LiveBook().top(1).is_live


def test_changes_in_their_chain_are_applied_and_a_size_of_0_removes() -> None:
    book = snapshot()
    assert book.apply(change(10, 12, ((ONE, GONE), (Decimal("0.5"), SIZE))))
    assert book.top(5).bids == ((Decimal("0.5"), SIZE),)
    assert book.top(5).asks == ((TWO, SIZE),)
    assert book.is_live


def test_a_gap_is_told_once_and_prices_are_old_until_the_next_snapshot() -> None:
    book = snapshot()
    assert not book.apply(change(11, 12, ((ONE, GONE),)))
    assert book.top(1).bids == ((ONE, SIZE),), "the change behind the gap is not applied"
    assert not book.top(1).is_live
    assert book.apply(change(10, 11)), "nothing is reported again while a snapshot is awaited"
    book.replace(BookChange(1, (), (), 0, 20))
    assert book.top(1) == LiveBook().top(1).__class__((), (), is_live=True)


def test_what_was_applied_before_is_skipped() -> None:
    book = snapshot()
    book.apply(change(10, 12, ((ONE, Decimal(3)),)))
    assert book.apply(change(10, 12, ((ONE, GONE),)))
    assert book.top(1).bids == ((ONE, Decimal(3)),)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.data())
def test_losing_any_frame_is_noticed(steps: list[int], data: st.DataObject) -> None:
    chain = [10]
    for step in steps:
        chain.append(chain[-1] + step + 1)
    frames = [change(begin, end) for begin, end in itertools.pairwise(chain)]
    lost = data.draw(st.integers(0, len(frames) - 1))
    book = snapshot()
    seen = [book.apply(frame) for position, frame in enumerate(frames) if position != lost]
    assert seen.count(False) == (1 if lost < len(frames) - 1 else 0)
