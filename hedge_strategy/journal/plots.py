"""Series as pictures: SVG to be put into a page as it is, without anything to be fetched.

Colours stand out on light and on dark; the background is the page's. Needs matplotlib, which is not loaded before a
picture is drawn and is not needed by anything else of the journal.
"""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hedge_strategy.errors import UserError
from hedge_strategy.journal.series import MarketSeries, Point, thinned

INCHES = (9.0, 3.0)
COLOURS = ("#3b82f6", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#14b8a6", "#ec4899", "#84cc16")
GREY = "#808890"
HISTOGRAM_BARS = 40
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def equity_plot(markets: Sequence[MarketSeries]) -> str:
    """What was earned over time, of each market, and of several also in all."""
    figure, axes = _figure("quote units")
    for number, one in enumerate(markets):
        _steps(axes, one.equity, one.market, number)
    if len(markets) > 1:
        _steps(axes, _together([one.equity for one in markets]), "all", len(markets), width=2.0)
    return _svg(figure, axes, "equity")


def exposure_plot(markets: Sequence[MarketSeries]) -> str:
    """A's plus B's position over time."""
    figure, axes = _figure("base units")
    for number, one in enumerate(markets):
        _steps(axes, one.exposure, one.market, number)
    return _svg(figure, axes, "exposure")


def latency_plot(markets: Sequence[MarketSeries]) -> str:
    """How long hedges took: over time (of very many the slowest), and how often how long."""
    return _spread("milliseconds", "latency", [(one.market, one.latency_ms) for one in markets])


def slippage_plot(markets: Sequence[MarketSeries]) -> str:
    """What hedges cost against A's price: over time (of very many the dearest), and how often how much."""
    return _spread("1/100 of a percent", "slippage", [(one.market, one.slippage_bps) for one in markets])


def _spread(unit: str, name: str, series: Sequence[tuple[str, Sequence[Point]]]) -> str:
    figure, (over_time, counted) = _figure(unit, columns=2)
    for number, (market, points) in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        worst = thinned(points, lambda value: value)
        over_time.plot(_times(worst), _values(worst), ".", markersize=3, color=colour, label=market)
        counted.hist(_values(points), bins=HISTOGRAM_BARS, color=colour, alpha=0.6, orientation="horizontal")
    counted.set_xlabel("hedges", color=GREY)
    return _svg(figure, over_time, name)


def _figure(unit: str, columns: int = 1) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError("a report needs matplotlib: pip install 'hedge-strategy[report]'") from None
    figure: Any = Figure(figsize=INCHES, layout="constrained")
    widths = [3, 1][:columns]
    axes: Any = figure.subplots(1, columns, sharey=True, width_ratios=widths)
    for one in axes if columns > 1 else [axes]:
        one.set_facecolor("none")
        one.tick_params(colors=GREY)
        one.grid(True, color=GREY, alpha=0.25)
        one.set_axisbelow(True)
        for spine in one.spines.values():
            spine.set_color(GREY)
    (axes[0] if columns > 1 else axes).set_ylabel(unit, color=GREY)
    return figure, axes


def _steps(axes: Any, points: Sequence[Point], label: str, number: int, width: float = 1.2) -> None:
    colour = COLOURS[number % len(COLOURS)]
    axes.step(_times(points), _values(points), where="post", color=colour, linewidth=width, label=label)


def _together(series: Sequence[Sequence[Point]]) -> list[Point]:
    """The sum over markets, each holding its value until its next point."""
    newest = [Decimal(0)] * len(series)
    points: list[Point] = []
    for at_us, number, value in sorted((at, number, value) for number, one in enumerate(series) for at, value in one):
        newest[number] = value
        points.append((at_us, sum(newest, Decimal(0))))
    return points


def _times(points: Sequence[Point]) -> list[datetime]:
    return [datetime.fromtimestamp(at_us / 1_000_000, UTC) for at_us, _ in points]


def _values(points: Sequence[Point]) -> list[float]:
    """For drawing only, where the last digits are finer than a line."""
    return [float(value) for _, value in points]


def _svg(figure: Any, axes: Any, name: str) -> str:
    from matplotlib import rc_context

    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, labelcolor=GREY, fontsize="small")
    drawn = io.StringIO()
    # A salt of its own keeps the names inside one picture apart from those of the others on the page.
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(drawn, format="svg", transparent=True, metadata=_NO_METADATA)
    text: str = drawn.getvalue()
    return text[text.index("<svg") :]
