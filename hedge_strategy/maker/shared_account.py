"""What the markets of one process share of their account.

One at a time reads what happened before it (`reader`). And the dead-man switch is one, whichever market arms it:

- One market at a time arms it; the others wait, and take over what the venue has shown to have run. So an account sends
  one arming for all its markets, and a market without an order of its own is guarded before it quotes.
- A market that has its turn and does not succeed loses it after `TURN_MS`, and leaves the next to others for a while.

It holds no lock while anybody waits for anything: what it says is looked up by each market at its own ticks.

Known limit: it strikes when the process is dead or has lost its way to the venue, not when one of its markets stands
still while others go on.
"""

import threading
from dataclasses import dataclass, field

TURN_MS = 10_000
"""How long a market may take to arm it; a send, its repeats and the look-up of what became of it need less."""
PAUSE_MS = 5_000
"""How long a market that did not succeed leaves the next turn to others."""


class SharedSwitch:
    """One account's. Safe to share between threads; times are of one clock that never goes back, except `until_ms`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until_ms = 0
        self._holder: str | None = None
        self._turn_ends_ms = 0
        self._failed: str | None = None
        self._held_by: set[str] = set()

    def hold(self, market: str) -> None:
        """Nobody arms it any more, so that it strikes: what rests in this market, nobody watches."""
        with self._lock:
            self._held_by.add(market)

    def release(self, market: str) -> None:
        """Nothing rests in this market, or somebody watches it."""
        with self._lock:
            self._held_by.discard(market)

    def takes_turn(self, market: str, until_ms: int, now_ms: int) -> bool:
        """Whether this market is to arm it now; not where another has meanwhile, which its next `exchange` tells.

        Args:
            market: symbol.
            until_ms: until when it knows it to be armed, unix ms.
            now_ms: milliseconds.
        """
        with self._lock:
            if self._held_by or self._until_ms > until_ms:
                return False
            if self._holder is not None and now_ms >= self._turn_ends_ms:
                self._failed, self._holder = self._holder, None
            if self._holder is None:
                if market == self._failed and now_ms < self._turn_ends_ms + PAUSE_MS:
                    return False
                self._holder, self._turn_ends_ms = market, now_ms + TURN_MS
            return self._holder == market

    def leave(self, market: str) -> None:
        """A market has ended: its turn, if it had it, is another's."""
        with self._lock:
            if market == self._holder:
                self._holder = None

    def exchange(self, market: str, until_ms: int) -> int:
        """Takes in until when a market knows it to be armed, which may end its turn; returns the latest that any knows.

        Args:
            market: symbol.
            until_ms: unix ms; 0: it knows of none.
        """
        with self._lock:
            if until_ms > self._until_ms:
                self._until_ms = until_ms
                if market == self._holder:
                    self._holder = self._failed = None
            return self._until_ms


@dataclass(frozen=True, slots=True)
class SharedAccount:
    """One account, as its markets in this process share it.

    Attributes:
        switch: its dead-man switch.
        reading_turn: held by the market that reads what happened before.
        markets: how many there are.
    """

    switch: SharedSwitch = field(default_factory=SharedSwitch)
    reading_turn: threading.Lock = field(default_factory=threading.Lock)
    markets: int = 1
