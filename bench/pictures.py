"""The results drawn, as PNG and SVG; needs matplotlib (the optional dependencies `bench`)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from bench.figures import Run, percentile
from bench.fills import HOPS
from bench.report import NAMES

COLOURS = {"ours": "#d62728", "floor": "#2ca02c", "sign_on_fill": "#1f77b4", "usual": "#7f7f7f"}
DOTS_PER_INCH = 110


def draw(runs: Sequence[Run], hops: Mapping[str, Mapping[str, Sequence[float]]], folder: Path) -> list[str]:
    """Draws the distribution and the hops.

    Args:
        runs: latencies.
        hops: values of each hop, by kind and rate.
        folder: where the files go.

    Returns:
        The names of the files.
    """
    return _save(_distribution(runs), "performance-latency", folder) + _save(_hops(hops), "performance-hops", folder)


def _save(figure: Figure, name: str, folder: Path) -> list[str]:
    names = [f"{name}.png", f"{name}.svg"]
    for one in names:
        # Without a date, so that the same figures give the same file.
        metadata = {"Date": None} if one.endswith(".svg") else {}
        figure.savefig(folder / one, dpi=DOTS_PER_INCH, bbox_inches="tight", metadata=metadata)
    return names


def _distribution(runs: Sequence[Run]) -> Figure:
    rates = sorted({run.rate for run in runs})
    figure = Figure(figsize=(11, 4.2))
    for place, rate in enumerate(rates):
        axes = figure.add_subplot(1, len(rates), place + 1)
        for run in runs:
            if run.rate != rate or not run.latencies_us:
                continue
            values = sorted(value / 1_000 for value in run.latencies_us)
            shares = [100 * (number + 1) / len(values) for number in range(len(values))]
            label = f"{NAMES[run.name]}{', ' + run.kind if run.name == 'ours' else ''}"
            axes.plot(values, shares, label=label, color=COLOURS[run.name], ls="--" if run.kind == "partial" else "-")
        axes.set_xscale("log")
        axes.set_xlabel("ms from the frame with the fill to the hedge")
        axes.set_ylabel("% of the fills hedged by then")
        axes.set_title(f"{rate} fills a second")
        axes.grid(visible=True, which="both", alpha=0.25)
        axes.legend(fontsize=8)
    return figure


def _hops(hops: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    figure = Figure(figsize=(11, 1 + 0.6 * max(len(hops), 1)))
    axes = figure.add_subplot()
    for row, of in enumerate(hops.values()):
        left = 0.0
        for place, (hop, _) in enumerate(HOPS):
            width = percentile(of[hop], 50) / 1_000 if of[hop] else 0.0
            axes.barh(row, width, left=left, color=f"C{place}", label=hop if row == 0 else None)
            left += width
    axes.set_yticks(range(len(hops)), [f"{name.replace('_', ', ')}/s" for name in hops])
    axes.set_xlabel("ms, median of each hop")
    axes.legend(fontsize=8, ncols=len(HOPS), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure
