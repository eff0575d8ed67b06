"""One figure: what was measured, how often, and the bound that it must keep; and the table that shows them."""

import statistics
from dataclasses import dataclass, field
from typing import Any

HEADER = f"{'':<66} {'n':>3} {'median':>10} {'largest':>10} {'at most':>10}"


@dataclass
class Figure:
    """Values of one thing.

    Attributes:
        name: for programs.
        words: for people, with the unit.
        bound: no value may be larger; None: it is only shown.
        values: as they were measured.
    """

    name: str
    words: str
    bound: float | None = None
    values: list[float] = field(default_factory=list)

    @property
    def is_kept(self) -> bool:
        """Whether it was measured and every value keeps the bound."""
        return bool(self.values) and (self.bound is None or max(self.values) <= self.bound)

    def row(self) -> str:
        """It in one line."""
        if not self.values:
            return f"{self.words:<66}   0 not measured"
        numbers = [statistics.median(self.values), max(self.values)]
        shown = [_shown(number) for number in (*numbers, self.bound)]
        verdict = "" if self.is_kept else "  BROKEN"
        return f"{self.words:<66} {len(self.values):>3} {shown[0]:>10} {shown[1]:>10} {shown[2]:>10}{verdict}"

    def facts(self) -> dict[str, Any]:
        """It for programs."""
        return {"values": self.values, "bound": self.bound, "kept": self.is_kept}


def _shown(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if number == int(number) else f"{number:,.1f}"
