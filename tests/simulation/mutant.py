"""What a planted mistake is."""

from dataclasses import dataclass

from tests.simulation.planting import Change


@dataclass(frozen=True, slots=True)
class Mutant:
    """A planted mistake.

    Attributes:
        name: F-number, and a letter where there are several.
        what: what the mistake is.
        changes: how it is planted.
    """

    name: str
    what: str
    changes: tuple[Change, ...]


def one(name: str, what: str, module: str, old: str, new: str) -> Mutant:
    """A mutant of one change."""
    return Mutant(name, what, (Change(module, old, new),))
