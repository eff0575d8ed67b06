"""Hedgers that share the market as hosts do: they come, go, and hand it over in order, in some of the schedules.

A host takes the lease first and builds what hedges then; when it gives the market back it lives on, and may be the next
to take it, by another name of its own. All sign with the market's one key. What is drawn here comes from a source of
its own, so that the other schedules stay what they were.
"""

import random
from dataclasses import dataclass

SHARED = 0.2
"""How many of the schedules."""
HOSTS_MAX = 3
GOINGS = ("hand over B", "hand over B", "hand over B", "leave B")
"""Gives the market back and looks on for a while; ends in order and is away for longer."""
AGAIN_MS = {"hand over B": (300, 2_500, 9_000), "leave B": (2_000, 15_000, 60_000)}
COUNTS = (1, 2, 3, 6, 10)
JOINS_LATE = 0.5


@dataclass(frozen=True, slots=True)
class Going:
    """The market is given back.

    Attributes:
        share: when: at this part of the time of the faults.
        kind: of `GOINGS`.
        again_ms: so long after that it takes part again.
    """

    share: float
    kind: str
    again_ms: int


@dataclass(frozen=True, slots=True)
class Comings:
    """What hosts do in one schedule.

    Attributes:
        joins: by host: at which part of the time of the faults it joins; the first is there at once.
        goings: in the order in which they were drawn.
    """

    joins: tuple[float, ...]
    goings: tuple[Going, ...]


def comings_and_goings(seed: int) -> Comings | None:
    """What hosts do; None in the schedules in which there are none."""
    chance = random.Random(f"hosts {seed}")
    if chance.random() >= SHARED:
        return None
    hosts = chance.randint(1, HOSTS_MAX)
    joins = [0.0] + [chance.random() if chance.random() < JOINS_LATE else 0.0 for _ in range(hosts - 1)]
    goings = []
    for _ in range(chance.choice(COUNTS)):
        kind = chance.choice(GOINGS)
        goings.append(Going(chance.random(), kind, 100 + chance.randrange(chance.choice(AGAIN_MS[kind]))))
    return Comings(tuple(joins), tuple(goings))
