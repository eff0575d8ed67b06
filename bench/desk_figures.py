"""What is told of the desk's cost: ratios of medians, over all fills and round by round. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.figures import percentile

PLAIN, DESK = "plain", "desk"
KINDS = ("whole", "partial")
MOST = 1.05
"""What the p50 with the desk may be of the p50 without."""

Row = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DeskMeasured:
    """What came of it.

    Attributes:
        figures: of latency, by kind of fill and variant.
        cpu_percent: of a core, by variant and process.
        reads: answers that were read of the desk.
        frames: that its page was sent.
        longest_s: the longest that an answer took.
    """

    figures: Mapping[str, Mapping[str, Row]]
    cpu_percent: Mapping[str, Row]
    reads: int
    frames: int
    longest_s: float


def figures_of(turns: Mapping[tuple[str, str], Sequence[Sequence[float]]]) -> dict[str, dict[str, dict[str, float]]]:
    """What is compared, by kind of fill and variant.

    Args:
        turns: latencies in µs by kind and variant, turn by turn; none is empty.

    Returns:
        Of each: how many fills, p50 and p99 of all in µs, the p50 as a ratio of the plain one; and the median, the
        least and the greatest of the rounds' own ratios.
    """
    found: dict[str, dict[str, dict[str, float]]] = {kind: {} for kind in KINDS}
    plain = {kind: _pooled(turns[kind, PLAIN]) for kind in KINDS}
    for (kind, variant), values in turns.items():
        pooled = _pooled(values)
        ratios = [
            percentile(mine, 50) / percentile(by_itself, 50)
            for by_itself, mine in zip(turns[kind, PLAIN], values, strict=True)
        ]
        found[kind][variant] = {
            "fills": len(pooled),
            **{f"p{percent}_us": round(percentile(pooled, percent)) for percent in (50, 99)},
            "p50_ratio": round(percentile(pooled, 50) / percentile(plain[kind], 50), 3),
            "rounds": len(ratios),
            "round_ratio": round(median(ratios), 3),
            "least": round(min(ratios), 3),
            "most": round(max(ratios), 3),
        }
    return found


def cpu_percent(used_ns: Mapping[tuple[str, str], int]) -> dict[str, dict[str, float]]:
    """What each process used of a core while fills came, by variant.

    Args:
        used_ns: by variant and process; the process "" is the time that passed.
    """
    found: dict[str, dict[str, float]] = {variant: {} for variant, _ in used_ns}
    for (variant, name), used in used_ns.items():
        if name:
            found[variant][name] = round(100 * used / used_ns[variant, ""], 1)
    return found


def page_of(measured: DeskMeasured, load: tuple[float, float]) -> str:
    """The figures as a page.

    Args:
        measured: the figures.
        load: of the machine, before and after.
    """
    lines = [
        "| fills | variant | n | p50 µs | p99 µs | of plain | round by round |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {kind} | {variant} | {row['fills']} | {row['p50_us']} | {row['p99_us']} | {row['p50_ratio']} "
            f"| {row['round_ratio']}, from {row['least']} to {row['most']} in {row['rounds']} |"
            for kind, rows in measured.figures.items()
            for variant, row in rows.items()
        ),
        "",
        f"The p50 with the whole desk may be {MOST} of the plain one.",
        "",
        *(
            f"of a core, {variant}: " + ", ".join(f"{process} {percent} %" for process, percent in used.items())
            for variant, used in measured.cpu_percent.items()
        ),
        f"{measured.reads} answers were read, the slowest took {1_000 * measured.longest_s:.0f} ms; the page got "
        f"{measured.frames} frames; load {load[0]} before, {load[1]} after",
    ]
    return "\n".join(lines) + "\n"


def too_costly(figures: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """Which kinds cost more than is promised with the whole desk, in words."""
    return [
        f"with the desk the p50 of {kind} fills is {rows[DESK]['p50_ratio']} of that without; {MOST} is promised"
        for kind, rows in figures.items()
        if rows[DESK]["p50_ratio"] > MOST
    ]


def _pooled(turns: Sequence[Sequence[float]]) -> list[float]:
    return [value for turn in turns for value in turn]
