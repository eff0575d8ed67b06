"""Percentiles and ratios. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile.

    Args:
        values: in any order, at least one.
        percent: above 0, up to 100.

    Raises:
        ValueError: there are no values, or it is no such percentage.
    """
    if not values:
        raise ValueError("no values")
    if not 0 < percent <= 100:
        raise ValueError(f"{percent} is not above 0 and up to 100")
    ranked = sorted(values)
    # Rounded before it is cut off: 99.9 is no binary fraction, and 1000 * 99.9 / 100 comes out a little above 999.
    rank = -int(-round(len(ranked) * percent / 100, 6) // 1)
    return ranked[max(rank, 1) - 1]


CHECKED_RATE = 20
AT_MOST: Mapping[str, float] = {
    "whole_p50_to_floor": 2.5,
    "whole_p99_to_floor": 6.0,
    "partial_p50_to_sign_on_fill": 2.5,
}
"""Ratios that a short run on a busy machine stays below as long as nothing has become slow; with the margin that its
noise needs. What the product is held to on a quiet machine is lower: docs/performance.md."""


@dataclass(frozen=True, slots=True)
class Run:
    """One way of hedging at one pace.

    Attributes:
        name: ours, floor, sign_on_fill or usual.
        kind: whole or partial.
        rate: fills a second that were asked for.
        latencies_us: of each fill, in the order of the fills.
        offered: fills that there were, hedged or not.
        feed: how the fills came about, in words.
        seconds: for how long fills came, all rounds together.
    """

    name: str
    kind: str
    rate: int
    latencies_us: tuple[float, ...]
    offered: int
    feed: str
    seconds: float

    def p_us(self, percent: float) -> int:
        """A percentile in whole microseconds; -1 where nothing was measured."""
        return round(percentile(self.latencies_us, percent)) if self.latencies_us else -1

    @property
    def reached_rate(self) -> float:
        """Fills a second that there were."""
        return self.offered / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "name": self.name,
            "kind": self.kind,
            "rate": self.rate,
            "fills": len(self.latencies_us),
            "p50_us": self.p_us(50),
            "p99_us": self.p_us(99),
            "p999_us": self.p_us(99.9),
            "offered": self.offered,
            "reached_rate": round(self.reached_rate, 1),
            "feed": self.feed,
        }


def ratios(runs: Sequence[Run], rate: int) -> Mapping[str, float]:
    """What issue and reader compare, at one pace; only those whose runs are there.

    Args:
        runs: all of them.
        rate: fills a second.
    """
    found = {(run.name, run.kind): run for run in runs if run.rate == rate and run.latencies_us}
    whole, partial = found.get(("ours", "whole")), found.get(("ours", "partial"))
    floor, signing, usual = (found.get((name, "whole")) for name in ("floor", "sign_on_fill", "usual"))
    wanted = {
        "whole_p50_to_floor": (whole, floor, 50),
        "whole_p99_to_floor": (whole, floor, 99),
        "sign_on_fill_p50_to_whole": (signing, whole, 50),
        "usual_p50_to_whole": (usual, whole, 50),
        "partial_p50_to_sign_on_fill": (partial, signing, 50),
    }
    return {
        name: round(one.p_us(percent) / other.p_us(percent), 2)
        for name, (one, other, percent) in wanted.items()
        if one is not None and other is not None
    }


def too_slow(runs: Sequence[Run]) -> list[str]:
    """Which ratios are above what they may be, in words; one that was not measured is too."""
    found = ratios(runs, CHECKED_RATE)
    return [
        f"{name.replace('_', ' ')} is {found.get(name, 'not measured')}, at most {most:g} is allowed"
        for name, most in AT_MOST.items()
        if not found.get(name, most + 1) <= most
    ]
