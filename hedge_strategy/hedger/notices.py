"""What one market's hedger and A tell each other of their own state, a few times a second; and once a second what
the ledger says of itself, and its sums for the status. Takes part in the process' `Rounds`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hedge_strategy.coordination.ledger_restore import LedgerMarker, asking_marker, marker_of
from hedge_strategy.coordination.ledger_rows import Totals, asking_totals, totals_of
from hedge_strategy.coordination.presence import MAY_REST, HedgerPresence, Presence
from hedge_strategy.coordination.questions import Answer
from hedge_strategy.hedger.rounds import Asked

NOTICE_INTERVAL_MS = 250
LEDGER_INTERVAL_MS = 1_000


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
    """

    def __init__(self, presence: Presence, market: str, ties: NoticeTies) -> None:
        self._presence = presence
        self._market = market
        self._ties = ties
        self._next_ms = self._ledger_next_ms = 0
        self.totals: Totals | None = None
        """The ledger's sums, as they were a moment ago."""

    def hasten(self) -> None:
        """The next round is not to be waited for."""
        self._next_ms = 0

    def wants(self, now_ms: int) -> Sequence[Asked]:
        """What is told and asked in this round."""
        if now_ms < self._next_ms:
            return ()
        self._next_ms = now_ms + NOTICE_INTERVAL_MS
        own, asked = self._ties.own(), [Asked(self._presence.asking_maker(), self._maker_seen, self._ties.failed)]
        if own is not None:
            asked.insert(0, Asked(self._presence.telling_hedger(own), lambda _: None, self._ties.failed))
        if now_ms >= self._ledger_next_ms:
            self._ledger_next_ms = now_ms + LEDGER_INTERVAL_MS
            asked.append(Asked(asking_totals(self._market), self._totals_read))
            asked.append(Asked(asking_marker(self._market), self._marker_read))
        return asked

    def _maker_seen(self, held: Answer) -> None:
        self._ties.maker_seen(held == MAY_REST)

    def _marker_read(self, held: Answer) -> None:
        self._ties.marker_seen(marker_of(held))

    def _totals_read(self, held: Answer) -> None:
        self.totals = totals_of(held)
