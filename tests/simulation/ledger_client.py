"""One process's ledger: the calls of `HedgeLedger`, with the real belief and rebuilding, on the model of Redis."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from hedge_strategy.coordination import ledger_restore
from hedge_strategy.coordination.ledger_restore import LedgerMarker, RestoredOrder, Watermark
from hedge_strategy.coordination.ledger_rows import Busy, Finished, Intent, Nothing, SeenFill, Totals
from hedge_strategy.coordination.ledger_script import Belief
from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey, OrderLine, PreparedHedge
from hedge_strategy.errors import InvariantBroken
from tests.simulation.ledger_model import LedgerModel
from tests.simulation.ledger_opening import OpeningScript

NO_WATERMARK = Watermark()
_ledger_marker = lru_cache(maxsize=64)(LedgerMarker)
"""Read far more often than it changes."""


class LedgerClient:
    """As `HedgeLedger`.

    Args:
        ledger: in Redis.
        market: the maker's symbol.
        call: carries a call there and the answer back, or raises RedisUnavailable.
    """

    def __init__(self, ledger: LedgerModel, market: str, call: Callable[..., Any]) -> None:
        self._ledger = ledger
        self._call = call
        self._belief = Belief("", 0)
        self._opening: Any = OpeningScript(ledger, call)
        self.market = market

    def _ask(self, act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        belief = self._belief.read()
        answer, sequence = self._call(self._ledger.believed, belief, act, arguments, named)
        self._belief.told(belief[0], sequence)
        return answer

    @property
    def believed_epoch(self) -> str:
        """As the real one."""
        return self._belief.read()[0]

    @property
    def sequence(self) -> int:
        """As the real one."""
        return self._belief.read()[1]

    def believe(self, epoch: str, sequence: int = 0) -> None:
        """As the real one."""
        self._belief.change(epoch, sequence)

    def marker(self) -> LedgerMarker:
        """As the real one."""
        told: LedgerMarker = self._call(_marker, self._ledger)
        return told

    def open_epoch(self, epoch: str, *, fencing: int) -> None:
        """As the real one."""
        self._belief.change(epoch, ledger_restore.open_first(self._opening, epoch, fencing=fencing))

    def restore(
        self, epoch: str, *, fencing: int, orders: Sequence[RestoredOrder], watermark: Watermark = NO_WATERMARK
    ) -> None:
        """As the real one."""
        done = ledger_restore.restore(self._opening, epoch, fencing=fencing, orders=orders, watermark=watermark)
        self._belief.change(epoch, done)

    def claim(self, fill: SeenFill, **named: Any) -> Claim | Busy | Nothing | Finished:
        """As the real one."""
        answer: Claim | Busy | Nothing | Finished = self._ask(self._ledger.claim, fill, **named)
        prepared: PreparedHedge | None = named.get("prepared")
        held = self._ledger.bytes_of(answer) if isinstance(answer, Claim) else None
        if prepared is not None and held is not None and held.hash != prepared.transaction.hash:
            raise InvariantBroken("other bytes are stored than the claim brought")
        return answer

    def observe(self, fill: SeenFill) -> OrderLine:
        """As the real one."""
        line: OrderLine = self._ask(self._ledger.observe, fill)
        return line

    def advance(self, claim: Claim, to_state: IntentState, **named: Any) -> Claim:
        """As the real one."""
        moved: Claim = self._ask(self._ledger.advance, claim, to_state, **named)
        return moved

    def settle(self, claim: Claim, **named: Any) -> OrderLine:
        """As the real one."""
        line: OrderLine = self._ask(self._ledger.settle, claim, **named)
        return line

    def order_line(self, order: OrderKey) -> OrderLine | None:
        """As the real one."""
        line: OrderLine | None = self._ask(self._ledger.order_line, order)
        return line

    def intents_of(self, order: OrderKey) -> tuple[Intent, ...]:
        """As the real one."""
        found: tuple[Intent, ...] = self._ask(self._ledger.intents_of, order)
        return found

    def unfinished(self, *, as_it_stands: bool = False) -> tuple[Intent, ...]:
        """As the real one."""
        belief = ("", 0) if as_it_stands else self._belief.read()
        found: tuple[Intent, ...]
        found, sequence = self._call(self._ledger.believed, belief, self._ledger.unfinished, (), {})
        self._belief.told(belief[0], sequence)
        return found

    def open_lines(self) -> tuple[OrderLine, ...]:
        """As the real one."""
        found: tuple[OrderLine, ...] = self._ask(self._ledger.open_lines)
        return found

    def totals(self) -> Totals:
        """As the real one: read without looking at the epoch."""
        sums: Totals = self._call(self._ledger.totals)
        return sums


def _marker(ledger: LedgerModel) -> LedgerMarker:
    held = ledger.state
    epoch = None if held.restoring is not None else held.epoch
    return _ledger_marker(epoch, held.sequence, held.restoring is not None, held.watermark or NO_WATERMARK)
