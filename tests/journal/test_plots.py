"""Pictures that can stand in a page: each is one SVG of its own that fetches nothing, also of nothing."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from hedge_strategy.journal.plots import equity_plot, exposure_plot, latency_plot, slippage_plot
from hedge_strategy.journal.series import MarketSeries, read_history
from hedge_strategy.journal.store import Store

PLOTS = (equity_plot, exposure_plot, latency_plot, slippage_plot)


@pytest.mark.parametrize("draw", PLOTS, ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("markets", [(), (MarketSeries("ETH"),)], ids=["no market", "no trade"])
def test_nothing_is_drawn_as_well(draw: object, markets: tuple[MarketSeries, ...]) -> None:
    assert callable(draw)
    ElementTree.fromstring(draw(markets))


def test_every_picture_of_an_hour_is_whole_small_and_by_itself(kept: Store) -> None:
    (market,) = read_history(kept).markets
    other = MarketSeries(
        "ETH <b>", market.equity[:9], market.exposure[:9], market.latency_ms[:9], market.slippage_bps[:9]
    )
    drawn = [draw((market, other)) for draw in PLOTS]
    names: set[str] = set()
    for picture in drawn:
        ElementTree.fromstring(picture)
        assert len(picture) < 400_000
        assert "BTC" in picture
        assert "<b>" not in picture
        assert not re.search(r'(?:href|src)="(?!#)', picture), "nothing is fetched"
        mine = set(re.findall(r'clipPath id="([^"]+)"', picture))
        assert not mine & names, "names of one picture mean nothing in another"
        names |= mine
    assert drawn == [draw((market, other)) for draw in PLOTS], "the same each time"
    assert "all" in drawn[0]
