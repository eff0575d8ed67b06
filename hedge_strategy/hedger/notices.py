"""What one market's hedger and A tell each other of their own state, a few times a second; and once a second what
the ledger says of itself, and its sums for the status. Takes part in the process' `Rounds`.

What has changed is told at the next round; what has not is told and asked more seldom among many markets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hedge_strategy.coordination.ledger_restore import LedgerMarker, asking_marker, marker_of
from hedge_strategy.coordination.ledger_rows import Totals, asking_totals, totals_of
from hedge_strategy.coordination.presence import MAY_REST, HedgerPresence, HedgerState, Presence
from hedge_strategy.coordination.questions import Answer
from hedge_strategy.hedger.rounds import Asked
from hedge_strategy.hosting.pace import spaced_ms

NOTICE_INTERVAL_MS = 250
NOTICE_LONGEST_MS = 1_000
"""Among many markets, while this one hedges: a third of what a notice lives."""
LEDGER_INTERVAL_MS = 1_000
TOTALS_LONGEST_MS = 2_000


@dataclass(frozen=True, slots=True)
class NoticeTies:
    """To the rest of the market; none of them may wait.

    Attributes:
        own: what to tell A; None while the market is not this hedger's.
        maker_seen: takes whether A may have an order on the book.
        marker_seen: takes what the ledger in Redis says of itself.
        failed: takes the reason why Redis did not say so.
    """

    own: Callable[[], HedgerPresence | None]
    maker_seen: Callable[[bool], None]
    marker_seen: Callable[[LedgerMarker], None]
    failed: Callable[[str], None]


class Notices:
    """One market's notices. `wants` and what it has done with the answers belong to the rounds.

    Args:
        presence: of the market.
        market: the maker's symbol.
        ties: to the rest.
        markets_here: how many markets this process hedges in.
    """

    def __init__(
        self, presence: Presence, market: str, ties: NoticeTies, markets_here: Callable[[], int] = lambda: 1
    ) -> None:
        self._presence = presence
        self._market = market
        self._ties = ties
        self._markets_here = markets_here
        self._next_ms = self._tell_next_ms = self._ledger_next_ms = self._totals_next_ms = 0
        self._told: HedgerPresence | None = None
        self.totals: Totals | None = None
        """The ledger's sums, as they were a moment ago."""

    def hasten(self) -> None:
        """The next round is not to be waited for."""
        self._next_ms = self._tell_next_ms = 0

    def wants(self, now_ms: int) -> Sequence[Asked]:
        """What is told and asked in this round."""
        if now_ms < self._next_ms:
            return ()
        self._next_ms = now_ms + NOTICE_INTERVAL_MS
        asked: list[Asked] = []
        own = self._ties.own()
        if own != self._told or now_ms >= self._tell_next_ms:
            self._told = own
            self._tell_next_ms = now_ms + self._notice_interval_ms(own)
            if own is not None:
                asked.append(Asked(self._presence.telling_hedger(own), lambda _: None, self._not_told))
            asked.append(Asked(self._presence.asking_maker(), self._maker_seen, self._ties.failed))
        if now_ms >= self._ledger_next_ms:
            self._ledger_next_ms = now_ms + LEDGER_INTERVAL_MS
            if now_ms >= self._totals_next_ms:
                self._totals_next_ms = now_ms + spaced_ms(LEDGER_INTERVAL_MS, TOTALS_LONGEST_MS, self._markets_here())
                asked.append(Asked(asking_totals(self._market), self._totals_read))
            asked.append(Asked(asking_marker(self._market), self._marker_read))
        return asked

    def _notice_interval_ms(self, own: HedgerPresence | None) -> int:
        """Who stops, or waits to act, waits for what A says; who hedges does not."""
        is_hedging = own is not None and own.state is HedgerState.HEDGING
        return spaced_ms(NOTICE_INTERVAL_MS, NOTICE_LONGEST_MS, self._markets_here() if is_hedging else 1)

    def _not_told(self, reason: str) -> None:
        self._tell_next_ms = 0
        self._ties.failed(reason)

    def _maker_seen(self, held: Answer) -> None:
        self._ties.maker_seen(held == MAY_REST)

    def _marker_read(self, held: Answer) -> None:
        self._ties.marker_seen(marker_of(held))

    def _totals_read(self, held: Answer) -> None:
        self.totals = totals_of(held)
