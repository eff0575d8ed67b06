"""How often each market of a process is looked after, so that many of them do not wear the processor out. Pure.

What a fill sets off does not wait for this; what does is told by time alone: a send that was held back, a hedge in
doubt, a book that moved since a hedge was signed ahead.
"""

TICK_S = 0.02
"""Between two looks of a market's machine at the time and the book …"""
TICK_MAX_S = 0.1
"""… at the most, however many markets there are …"""
MARKETS_AT_FULL_PACE = 8
"""… and so many markets have the shortest."""


def tick_s(markets: int) -> float:
    """How long a market's machine is left alone where a process has so many markets."""
    return min(TICK_MAX_S, TICK_S * max(1.0, markets / MARKETS_AT_FULL_PACE))
