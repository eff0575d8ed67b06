"""The page is whole by itself, and what came from outside cannot break out of it."""

from html.parser import HTMLParser

from hedge_strategy.journal.page import PICTURES, report_page
from hedge_strategy.journal.reading import read_earnings
from hedge_strategy.journal.series import Note
from hedge_strategy.journal.store import Store

NO_PICTURES = {name: f"<svg id='{name}'></svg>" for name, _, _ in PICTURES}
VOID = {"meta"}


class Tags(HTMLParser):
    """Remembers which tags are open, and complains of what closes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not {"src", "href", "onload"} & {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_holds_the_figures_and_nothing_that_is_fetched_or_runs(kept: Store) -> None:
    earnings = read_earnings(kept)
    notes = [Note(1_760_000_000_000, "BTC", "pause by <script>alert(1)</script>", "lunch & tea")]
    page = report_page(earnings, NO_PICTURES, notes, ["missing: <3>"], 1_760_000_000_000)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not tags.seen & {"script", "link", "img", "iframe"}
    assert "lunch &amp; tea" in page
    assert "missing: &lt;3&gt;" in page
    for value in (earnings.total.net, earnings.total.slippage, earnings.total.latency.p99_ms):
        assert f"<td>{value:f}</td>" in page
    assert "2025-10-09 08:53:20 UTC" in page


def test_of_one_market_there_is_no_second_column(kept: Store) -> None:
    page = report_page(read_earnings(kept), NO_PICTURES, [], [], 0)
    assert "<th>BTC</th>" in page
    assert "<th>all</th>" not in page
    nothing = report_page(read_earnings(kept, wanted=["ETH"]), NO_PICTURES, [], [], 0)
    assert "<th>all</th>" in nothing
