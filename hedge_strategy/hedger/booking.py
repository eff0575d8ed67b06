"""The machine's ledger commands, done: each is answered with exactly one event, whatever Redis says.

A command that got no answer is given again by the machine, exactly as it was; everything here may be repeated. A dead
hedge is booked in two steps, so that its repetition may find it settled already: then the ledger answers as before.
"""

from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease
from hedge_strategy.domain.hedge import Claim, IntentState, OrderLine
from hedge_strategy.errors import (
    CommandRefused,
    FillContradicted,
    InvariantBroken,
    LedgerForgotten,
    RedisUnavailable,
    StaleOwner,
)
from hedge_strategy.hedger import events as ev

LedgerCommand = ev.ClaimFill | ev.StoreAsSent | ev.Settle


def ask_ledger(ledger: HedgeLedger, lease: Lease | None, command: LedgerCommand) -> ev.Event:
    """Does one command in the ledger.

    Args:
        ledger: the market's.
        lease: what this process holds, None where it holds none.
        command: from the machine.

    Returns:
        The command's own answer, or `StepFailed`, `OwnershipLost` or `StepRefused`.
    """
    if lease is None:
        return ev.OwnershipLost("the lease is over")
    fencing = lease.fencing
    try:
        match command:
            case ev.ClaimFill(fill, token, most, prepared):
                answer = ledger.claim(fill, fencing=fencing, claim_token=token, max_lots=most, prepared=prepared)
                return ev.ClaimAnswered(answer)
            case ev.StoreAsSent(claim, transaction):
                ledger.advance(claim, IntentState.SENT, fencing=fencing, transaction=transaction)
                return ev.StoredAsSent()
            case ev.Settle():
                return ev.Settled(_settle(ledger, fencing, command))
    except (RedisUnavailable, CommandRefused) as error:
        return ev.StepFailed(str(error))  # it says nothing against the fill, which stays where it is
    except StaleOwner as error:
        return ev.OwnershipLost(str(error))
    except LedgerForgotten as error:
        return ev.LedgerLost(str(error))
    except FillContradicted as error:
        return ev.StepRefused(str(error), is_fault_of_message=True)
    except InvariantBroken as error:
        return ev.StepRefused(str(error))


def _settle(ledger: HedgeLedger, fencing: int, settle: ev.Settle) -> OrderLine:
    if settle.is_dead:
        try:
            ledger.advance(settle.claim, IntentState.DEAD, fencing=fencing, reason=settle.reason)
        except InvariantBroken:
            if not _is_settled(ledger, settle.claim):
                raise
    return ledger.settle(
        settle.claim,
        fencing=fencing,
        executed_lots=settle.executed_lots,
        executed_quote=f"{settle.executed_quote:f}",
        venue_order_index=settle.venue_order_index,
        reason=settle.reason,
    )


def _is_settled(ledger: HedgeLedger, claim: Claim) -> bool:
    hedges = {intent.claim.attempt: intent.claim.state for intent in ledger.intents_of(claim.order)}
    if claim.attempt not in hedges:  # the order is in the ledger's window, or came back from there: settling tells
        return ledger.order_line(claim.order) is not None
    return hedges[claim.attempt] is IntentState.SETTLED
