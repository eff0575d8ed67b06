"""What B has heard and not yet hedged, and which stream entries it owes an acknowledgement. Pure.

A later message of an order replaces an earlier one, since amounts are cumulative. Orders wait in the order in which
they were first heard; one that came to nothing waits out a pause and lets others pass.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from hedge_strategy.coordination.ledger_rows import SeenFill
from hedge_strategy.domain.hedge import OrderKey, OrderLine
from hedge_strategy.domain.order import Side
from hedge_strategy.hedger.sizing import HedgeRule, reference_price
from hedge_strategy.venues.port import BookTop

ENTRIES_MAX = 10_000
"""How many stream entries may wait for their hedge; beyond it the shell reads no more of the stream."""
DONE_KEPT = 1_024
"""Orders whose last fill is known to be hedged, so that hearing of it again asks nobody."""
FRUITLESS_PAUSE_MS = 250
"""Pause after an attempt that executed nothing, doubled at each further one …"""
LONGEST_FRUITLESS_PAUSE_MS = 5_000
"""… up to this."""


@dataclass(slots=True)
class Waiting:
    """One maker order that may need a hedge.

    Attributes:
        fill: the largest cumulative fill heard.
        average_price: of that fill, None where not known.
        not_before_ms: pause after an attempt that executed nothing, unix ms.
        fruitless: attempts in a row that executed nothing.
        apart_since_ms: since when it waits for the end of A's order, unix ms, 0 where it does not.
        is_apart_over: it has waited for that as long as it may.
    """

    fill: SeenFill
    average_price: Decimal | None
    not_before_ms: int = 0
    fruitless: int = 0
    apart_since_ms: int = 0
    is_apart_over: bool = False

    @property
    def must_stay_apart(self) -> bool:
        """Whether the rest of A's order may still stand on the book and is not to be met."""
        return not self.fill.is_final and not self.is_apart_over

    def stayed_apart(self, now_ms: int, longest_ms: int) -> None:
        """Takes in that it waits for the end of A's order; A may be gone, or have told of it what Redis forgot."""
        self.apart_since_ms = self.apart_since_ms or now_ms
        self.is_apart_over = now_ms - self.apart_since_ms >= longest_ms

    def attempted(self, executed_lots: int, now_ms: int) -> None:
        """Takes in what an attempt came to: some of it, or nothing, after which the order waits out a pause."""
        self.fruitless = 0 if executed_lots else self.fruitless + 1
        pause_ms = min(FRUITLESS_PAUSE_MS << max(0, self.fruitless - 1), LONGEST_FRUITLESS_PAUSE_MS)
        self.not_before_ms = now_ms + pause_ms if self.fruitless else 0


def stays_apart(waiting: Waiting, rule: HedgeRule, book: BookTop) -> bool:
    """Whether a hedge would only meet the rest of A's order, or nobody: no price on the book is better than that."""
    if not rule.keeps_apart or not waiting.must_stay_apart:
        return False
    side, price = waiting.fill.side.opposite, waiting.average_price
    levels = book.levels(side.opposite)
    if price is None or not book.is_live or not levels:
        return True
    return levels[0][0] >= price if side is Side.BUY else levels[0][0] <= price


def is_ready(waiting: Waiting, rule: HedgeRule, book: BookTop) -> bool:
    """Whether a fill can be hedged now: at a price that can be bounded, and not with A's own order."""
    has_price = reference_price(waiting.fill.side.opposite, book, waiting.average_price) is not None
    return has_price and not stays_apart(waiting, rule, book)


class Backlog:
    """Orders to hedge and entries to acknowledge."""

    def __init__(self) -> None:
        self._orders: OrderedDict[OrderKey, Waiting] = OrderedDict()
        self._entries: dict[OrderKey, dict[str, int]] = {}
        self._entries_count = 0
        self._done: OrderedDict[OrderKey, SeenFill] = OrderedDict()

    def __len__(self) -> int:
        return len(self._orders)

    @property
    def is_full(self) -> bool:
        """Whether no more stream entries should be read for now."""
        return self._entries_count >= ENTRIES_MAX

    def is_done(self, fill: SeenFill) -> bool:
        """Whether the ledger has said, since the market is owned, that this very message is hedged, or a later one."""
        done = self._done.get(fill.order)
        if done is None or fill.side is not done.side:
            return False
        return fill == done or (fill.filled_lots < done.filled_lots and not fill.is_final)

    def heard(self, fill: SeenFill, average_price: Decimal | None, entry_id: str | None) -> OrderKey | None:
        """Takes a fill in; returns its order where it waits already and is now known to have ended."""
        if entry_id is not None:
            entries = self._entries.setdefault(fill.order, {})
            self._entries_count += entry_id not in entries
            entries[entry_id] = fill.filled_lots
        known = self._orders.get(fill.order)
        if known is None:
            self._orders[fill.order] = Waiting(fill, average_price)
            return None
        if fill.side is not known.fill.side:
            return None  # one of the two is wrong; the ledger says which when its turn comes
        is_final = fill.is_final or known.fill.is_final
        has_ended = is_final and not known.fill.is_final
        if fill.filled_lots > known.fill.filled_lots:
            known.fill, known.average_price = fill, average_price or known.average_price
        known.average_price = known.average_price or average_price
        if has_ended:
            known.fruitless = known.not_before_ms = 0  # what stood in the way may have been the rest of the order
        if is_final and not known.fill.is_final:
            known.fill = replace(known.fill, is_final=True)
        return fill.order if has_ended else None

    def lacks(self, line: OrderLine, average_price: Decimal | None) -> Waiting | None:
        """Takes in an order as the ledger has it: where it is not hedged in full, it waits. Returns: what waits."""
        if line.unhedged_lots:
            self.heard(SeenFill(line.order, line.side, line.filled_lots, "0", line.is_final), average_price, None)
        return self._orders.get(line.order)

    def after(self, under_way: OrderKey | None, now_ms: int) -> Iterator[Waiting]:
        """Those whose pause is over, in their order, without the one that has its hedge under way."""
        return (one for one in self._orders.values() if one.fill.order != under_way and now_ms >= one.not_before_ms)

    def next_ready(self, now_ms: int, rule: HedgeRule, book: BookTop) -> Waiting | None:
        """The first order whose pause is over and that can be hedged at a price of this book."""
        for one in self._orders.values():
            if stays_apart(one, rule, book):
                one.stayed_apart(now_ms, rule.apart_ms)
            if now_ms >= one.not_before_ms and is_ready(one, rule, book):
                return one
        return None

    def waits_for(self, rule: HedgeRule, book: BookTop) -> str:
        """What an order waits for, in words, though its pause may be over; empty where none does."""
        apart = [one.fill.order.order_index for one in self._orders.values() if stays_apart(one, rule, book)]
        return f"the rest of A's order {apart[0]} must go first: its hedge may not trade with it" if apart else ""

    def waiting(self, order: OrderKey) -> Waiting | None:
        """What is known of an order that may need a hedge."""
        return self._orders.get(order)

    def settled(self, line: OrderLine) -> tuple[str, ...]:
        """Takes in what the ledger says of an order.

        Returns:
            The entries that are hedged by now and may be acknowledged.
        """
        waiting = self._orders.get(line.order)
        if waiting is not None and line.in_flight_lots == 0 and line.hedged_lots >= waiting.fill.filled_lots:
            del self._orders[line.order]
            if line.is_final == waiting.fill.is_final:
                self._keep_done(waiting.fill)
        entries = self._entries.get(line.order, {})
        return self._gone(line.order, [entry_id for entry_id, lots in entries.items() if lots <= line.hedged_lots])

    def count_anew(self) -> None:
        """No attempt so far counts any more."""
        for waiting in self._orders.values():
            waiting.fruitless = waiting.not_before_ms = 0

    def refused(self, order: OrderKey) -> tuple[str, ...]:
        """Forgets an order whose messages contradict the ledger.

        Returns:
            Its entries, which may be acknowledged: the ledger keeps what was true of it.
        """
        self._orders.pop(order, None)
        return self._gone(order, list(self._entries.get(order, ())))

    def clear(self) -> None:
        """Forgets everything: another process owns the market now, and the stream keeps what it needs."""
        self._orders.clear()
        self._entries.clear()
        self._entries_count = 0
        self._done.clear()

    def _keep_done(self, fill: SeenFill) -> None:
        self._done[fill.order] = fill
        self._done.move_to_end(fill.order)
        if len(self._done) > DONE_KEPT:
            self._done.popitem(last=False)

    def _gone(self, order: OrderKey, entry_ids: list[str]) -> tuple[str, ...]:
        entries = self._entries.get(order, {})
        for entry_id in entry_ids:
            del entries[entry_id]
        if not entries:
            self._entries.pop(order, None)
        self._entries_count -= len(entry_ids)
        return tuple(entry_ids)
