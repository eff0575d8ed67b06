"""The one hedge that B has under way, from the claim to the settlement. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.domain.hedge import Claim, OrderLine
from hedge_strategy.hedger.events import Command, Settle
from hedge_strategy.hedger.resolution import Evidence


@dataclass(slots=True)
class HedgeUnderWay:
    """What is known of it so far.

    Attributes:
        claim: the ledger's claim, None until it has answered.
        average_price: of the fill that is hedged, None where not known.
        evidence: what is known of its transaction, None until it was sent.
        settlement: how it ended, None until that is proven.
        unanswered: the command that Redis has not answered yet; it is given again until it has.
        retry_at_ms: when, unix ms.
    """

    claim: Claim | None = None
    average_price: Decimal | None = None
    evidence: Evidence | None = None
    settlement: Settle | None = None
    unanswered: Command | None = None
    retry_at_ms: int = 0

    @property
    def line(self) -> OrderLine | None:
        """Its order as far as the claim tells, for messages about a hedge that does not get on."""
        claim = self.claim
        if claim is None:
            return None
        return OrderLine(claim.order, claim.maker_side, claim.lots, 0, claim.lots, is_final=False)

    @property
    def facts(self) -> tuple[tuple[str, object], ...]:
        """For the log."""
        claim = self.claim
        if claim is None:
            return ()
        return (
            ("order", claim.order.order_index),
            ("attempt", claim.attempt),
            ("side", claim.maker_side.opposite.value),
            ("lots", claim.lots),
        )
