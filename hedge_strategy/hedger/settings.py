"""What the hedger's machine needs to know of the configuration. Pure."""

from dataclasses import dataclass

from hedge_strategy.hedger.sizing import HedgeRule
from hedge_strategy.risk.limits import Limits


@dataclass(frozen=True, slots=True)
class HedgerSettings:
    """Settings of one market's hedger.

    Attributes:
        rule: markets and slippage bound.
        limits: what no order may exceed.
        retry_times: attempts in a row without execution before the market is paused.
        answer_timeout_ms: how long a send may go unanswered.
        owner: this process, part of every claim token.
        signing_threads: how many hedges may be signed ahead of their claim at one time; 0: none is.
    """

    rule: HedgeRule
    limits: Limits
    retry_times: int
    answer_timeout_ms: int
    owner: str
    signing_threads: int = 0

    @property
    def most_lots(self) -> int | None:
        """The largest hedge in lots of the maker's market; None where it has no limit, or one below a lot."""
        largest = self.limits.max_order_size
        return None if largest is None else self.rule.maker_market.lots_down(largest) or None
