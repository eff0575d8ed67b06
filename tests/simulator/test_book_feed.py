from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.simulator.book_feed import BookFeed
from hedge_strategy.simulator.markets import ETH
from hedge_strategy.simulator.model import BookLevel

changes = st.lists(
    st.tuples(st.booleans(), st.integers(1, 6), st.integers(0, 3), st.booleans()), min_size=1, max_size=40
)


@given(changes)
def test_snapshot_and_updates_rebuild_the_book_and_the_chain_never_breaks(
    made: list[tuple[bool, int, int, bool]],
) -> None:
    feed, book, told = BookFeed(ETH), dict[tuple[bool, int], int](), dict[tuple[str, str], str]()
    snapshot = feed.snapshot([], [], 0)["order_book"]
    assert snapshot["begin_nonce"] == 0
    nonce, offset = snapshot["nonce"], snapshot["offset"]
    for is_ask, price, size, flush in [*made, (True, 1, 1, True)]:
        feed.change(is_ask, price, size, 5_000)
        book[is_ask, price] = size
        payload = feed.batch(0) if flush else None
        if payload is None:
            continue
        update = payload["order_book"]
        assert update["begin_nonce"] == nonce
        assert update["nonce"] > nonce
        assert update["offset"] > offset
        nonce, offset = update["nonce"], update["offset"]
        for side in ("asks", "bids"):
            told.update({(side, level["price"]): level["size"] for level in update[side]})
    shown = {key: size for key, size in told.items() if size != "0.0000"}
    assert shown == {
        ("asks" if is_ask else "bids", f"0.{price:02d}"): f"0.{size:04d}"
        for (is_ask, price), size in book.items()
        if size
    }


def test_nothing_changed_is_no_frame_and_an_empty_side_of_the_ticker_is_empty_text() -> None:
    feed = BookFeed(ETH)
    assert not feed.has_changes
    assert feed.batch(0) is None
    ticker = feed.ticker(BookLevel(300_000, 15), None, 2_000_000)
    assert ticker["ticker"]["a"] == {"price": "3000.00", "size": "0.0015"}
    assert ticker["ticker"]["b"] == {"price": "", "size": ""}
    assert (ticker["ticker"]["s"], ticker["timestamp"]) == ("ETH", 2)
