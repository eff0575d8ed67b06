"""What happens by itself at its time: orders expire, dead-man switches fire, funding is paid."""

from hedge_strategy.simulator.execution import cancel_orders
from hedge_strategy.simulator.funding import next_funding_ns, pay_funding
from hedge_strategy.simulator.liquidation import liquidate_fallen
from hedge_strategy.simulator.model import OrderStatus
from hedge_strategy.simulator.state import State
from hedge_strategy.simulator.timers import TimerKind


def schedule_funding(state: State) -> None:
    """Sets the timer for the next boundary, if funding is on."""
    due_ns = next_funding_ns(state)
    if due_ns:
        state.timers.add(due_ns, TimerKind.FUNDING, 0)


def run_next_timer(state: State) -> None:
    """Runs the earliest timer as one step. Raises IndexError when there is none, InvariantViolation."""
    _, kind, subject = state.timers.pop()
    if kind is TimerKind.ORDER_EXPIRY:
        state.close(state.live[subject], OrderStatus.CANCELED_EXPIRED)
    elif kind is TimerKind.CANCEL_ALL:
        account = state.accounts[subject]
        account.cancel_all_at_ns = 0
        state.touch_account(account)
        cancel_orders(state, account)
    else:
        pay_funding(state)
        liquidate_fallen(state)
        schedule_funding(state)
    state.finish_step()
