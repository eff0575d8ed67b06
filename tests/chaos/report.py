"""The report of a run: a row per round, a JSON file, and the one line that other programs read."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tests.chaos.rounds import Round

LEGEND = """quiet s: from the end of the round's last fault until all is hedged; quotes s: until A quotes again as well
*: the fault had no occasion to strike"""
HEADER = f"{'round':>5} {'at s':>6} {'fills':>5} {'quiet s':>7} {'quotes s':>8}  faults (second of the round)"


@dataclass
class Report:
    """All rounds so far.

    Attributes:
        seed: of the run.
        rounds: in their order.
        audit: what `hedge audit` ended with after the last one; None: it was not asked.
    """

    seed: int
    rounds: list[Round] = field(default_factory=list)
    audit: int | None = None

    @property
    def failed(self) -> bool:
        """Whether any round broke a promise, or the product's own audit finds what the exchange does not."""
        return any(one.failed for one in self.rounds) or self.audit not in (None, 0)

    def summary(self) -> dict[str, Any]:
        """The last line of the output."""
        faults = Counter(fault["kind"] for one in self.rounds for fault in one.faults if fault.get("hits"))
        return {
            "rounds": len(self.rounds),
            "fills": sum(one.fills for one in self.rounds),
            "faults": dict(sorted(faults.items())),
            "lost": sum(len(one.lost) for one in self.rounds),
            "doubled": sum(len(one.doubled) for one in self.rounds),
            "max_quiet_s": max((one.quiet_s for one in self.rounds if one.quiet_s is not None), default=None),
        }

    def words(self) -> str:
        """The summary for people: a table of the kinds of fault that struck, and what was found."""
        found = self.summary()
        struck = [f"  {kind:<29} {times:>4}" for kind, times in found["faults"].items()]
        half = (len(struck) + 1) // 2
        rows = [f"{left}  {right}" for left, right in zip_longest(struck[:half], struck[half:], fillvalue="")]
        quiet = "never quiet" if found["max_quiet_s"] is None else f"quiet after {found['max_quiet_s']} s at the most"
        result = f"{found['rounds']} rounds, {found['fills']} fills: {found['lost']} lost, {found['doubled']} doubled"
        failed = [f"round {one.number}" for one in self.rounds if one.failed]
        failed += [f"hedge audit, which ended {self.audit}"] if self.audit else []
        verdict = f"FAILED: {', '.join(failed)}" if failed else "every promise was kept"
        return "\n".join(["faults that struck:", *(row.rstrip() for row in rows), f"{result}, {quiet}; {verdict}"])

    def line(self) -> str:
        """The summary as JSON."""
        return json.dumps(self.summary())

    def write(self, path: Path) -> None:
        """Everything, as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        details = [asdict(one) for one in self.rounds]
        body = {"seed": self.seed, **self.summary(), "audit": self.audit, "details": details}
        path.write_text(json.dumps(body, indent=1) + "\n")


def row(one: Round) -> str:
    """A round in one line, and what was wrong with it in more."""
    faults = ", ".join(f"{fault['kind']} {fault['at_s']:.1f}{'' if fault.get('hits') else '*'}" for fault in one.faults)
    quiet = "never" if one.quiet_s is None else f"{one.quiet_s:.1f}"
    trading = "never" if one.trading_s is None else f"{one.trading_s:.1f}"
    lines = [f"{one.number:>5} {one.began_s:>6.0f} {one.fills:>5} {quiet:>7} {trading:>8}  {faults}"]
    lines += [f"      LOST {size} of {order}" for order, size in one.lost.items()]
    lines += [f"      DOUBLED {words}" for words in one.doubled]
    lines += [f"      PROBLEM {one.problem}"] if one.problem else []
    lines += [f"      MISTAKE {text}" for text in one.mistakes]
    lines += [f"      ended by itself: {', '.join(one.deaths)}"] if one.deaths else []
    lines += [f"      its logs: {one.folder}"] if one.folder else []
    return "\n".join(lines)
