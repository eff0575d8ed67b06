"""How often each market of a process is looked after, so that many of them do not wear the processor out. Pure.

What a fill sets off does not wait for this; what does is told by time alone: a send that was held back, a hedge in
doubt, a book that moved since a hedge was signed ahead.
"""

TICK_S = 0.02
"""Between two looks of a market's machine at the time and the book …"""
IDLE_TICK_S = 0.05
"""… where nothing is under way in the market, and nothing waits …"""
TICK_MAX_S = 0.1
"""… at the most, however many markets there are …"""
IDLE_TICK_MAX_S = 0.25
"""… the idle ones …"""
MARKETS_AT_FULL_PACE = 8
"""… and so many markets have the shortest."""
WATCH_S = 1.0
"""Between two looks of the owner at what it must remember; whether the ledger still stands is asked as often …"""
MARKETS_WATCHED_PER_S = 20
"""… and so many markets have theirs so often."""
MARKETS_ASKED_AT_FULL_PACE = 25
"""So many tell and ask Redis, at rest, as often as one alone."""


def tick_s(markets: int, *, is_idle: bool = False) -> float:
    """How long a market's machine is left alone where a process has so many markets."""
    shortest_s, longest_s = (IDLE_TICK_S, IDLE_TICK_MAX_S) if is_idle else (TICK_S, TICK_MAX_S)
    return min(longest_s, max(shortest_s, TICK_S * markets / MARKETS_AT_FULL_PACE))


def spaced_ms(interval_ms: int, longest_ms: int, markets: int) -> int:
    """How long a market waits with what it asks or tells again and again though nothing has changed.

    Args:
        interval_ms: where there are few markets.
        longest_ms: however many there are.
        markets: of the process.
    """
    return max(interval_ms, min(longest_ms, interval_ms * markets // MARKETS_ASKED_AT_FULL_PACE))


def watch_s(markets: int) -> float:
    """How long a market's owner sleeps where a process has so many markets; whatever happens wakes it."""
    return max(WATCH_S, markets / MARKETS_WATCHED_PER_S)
