"""What the metrics of A and B say alike."""

from collections.abc import Mapping
from typing import Any

from hedge_strategy.domain.order import Accepted, Outcome, Rejected
from hedge_strategy.tally import Numbers


def word_of(outcome: Outcome) -> str:
    """What a venue said to an order, as the label of a counter."""
    if isinstance(outcome, Accepted):
        return "accepted"
    return "rejected" if isinstance(outcome, Rejected) else "unknown"


def put_requests_left(numbers: Numbers, state: Mapping[str, Any]) -> None:
    """Sets what is left of the venue's limits.

    Args:
        numbers: of the process.
        state: what the process says of itself: account_index, sends_left, reads_left.
    """
    account = str(state["account_index"])
    for kind in ("sends", "reads"):
        numbers.put("hedge_venue_requests_left", state[f"{kind}_left"], account, kind)
