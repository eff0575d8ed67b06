"""What the machine tells others of a step that it has taken: A, the stream, the log. Pure."""

from hedge_strategy.coordination.ledger_rows import Finished, Nothing
from hedge_strategy.domain.hedge import OrderKey, OrderLine
from hedge_strategy.hedger import events as ev


def settled_commands(line: OrderLine, settle: ev.Settle, entry_ids: tuple[str, ...]) -> tuple[ev.Command, ...]:
    """That a hedge is settled: for A, for the stream, for the log."""
    facts = (
        ("order", line.order.order_index),
        ("executed_lots", settle.executed_lots),
        ("hedged_lots", line.hedged_lots),
        ("filled_lots", line.filled_lots),
        ("how", settle.reason),
    )
    note = ev.Note("info" if settle.executed_lots == settle.claim.lots else "warning", "hedge settled", facts)
    return (ev.PublishResult(line, settle, line.side.opposite, None), *taken_off(entry_ids), note)


def paused_commands(reason: str, line: OrderLine | None) -> tuple[ev.Command, ...]:
    """That the market is paused, for the log, and for A where an order is concerned."""
    note = ev.Note("error", "market paused: a person is needed", (("why", reason),))
    return (note,) if line is None else (note, ev.PublishResult(line, None, line.side.opposite, reason))


def refused_commands(reason: str, entry_ids: tuple[str, ...]) -> tuple[ev.Command, ...]:
    """That a fill message contradicts the ledger: its entries go, the ledger keeps what was true of the order."""
    note = ev.Note("error", "a fill message contradicts the ledger and is refused", (("why", reason),))
    return (note, *taken_off(entry_ids))


def nothing_left(answer: Nothing | Finished, entry_ids: tuple[str, ...]) -> tuple[ev.Command, ...]:
    """That there is nothing to hedge of an order; that one was finished long ago is unusual enough for the log."""
    note = ev.Note("warning", "told of an order finished long ago", (("order", answer.line.order.order_index),))
    return ((note,) if isinstance(answer, Finished) else ()) + taken_off(entry_ids)


def owns(gained: ev.OwnershipGained, waiting: int) -> tuple[ev.Command, ...]:
    """That this hedger acts for the market now, and what it found there."""
    return (ev.Note("info", "owns the market", (("unfinished", len(gained.unfinished)), ("waiting", waiting))),)


def done_elsewhere(order: OrderKey | None, gained: ev.OwnershipGained) -> tuple[ev.Command, ...]:
    """That another owner has meanwhile hedged the order whose hedges came to nothing here; nothing where it has not."""
    open_orders = [line.order for line in gained.open_lines if line.unhedged_lots]
    if order is None or order in [*open_orders, *(one.claim.order for one in gained.unfinished)]:
        return ()
    facts = (("order", order.order_index),)
    return (ev.Note("info", "resumed: another hedger did what came to nothing here", facts),)


def order_ended(order: OrderKey | None, came_to_nothing: OrderKey | None) -> tuple[ev.Command, ...]:
    """That the order whose hedges came to nothing has ended, so that its rest stands in their way no more."""
    if order is None or order != came_to_nothing:
        return ()
    return (ev.Note("info", "resumed: the order has ended", (("order", order.order_index),)),)


def taken_off(entry_ids: tuple[str, ...]) -> tuple[ev.Command, ...]:
    """That these entries may be taken off the stream."""
    return (ev.Acknowledge(entry_ids),) if entry_ids else ()
