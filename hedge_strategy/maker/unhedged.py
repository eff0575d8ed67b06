"""Fills between A's tracker and their hedge: until Redis has them, and until the ledger says they are hedged. Pure.

- One is published at a time, the newest of each order; what Redis did not take is tried again until it does.
- While Redis does not take them, all that wait are kept on disk, before anything else is done about them. They are
  forgotten there once Redis has everything.
- An amount that Redis took, but that the ledger does not know of a while later, is published again: the stream's entry
  is lost, or so is the ledger's row. Amounts are cumulative, so that is harmless.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice

from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.maker import events as ev

LEDGER_POLL_MS = 500
"""Pause between two looks at the ledger while a hedge is awaited, unless the settings say another."""
READS_PER_TICK = 8
"""Looks at the ledger that one tick begins: where many hedges are awaited, B needs Redis and the processor more."""
PUBLISH_RETRY_MS = 200
"""Pause between two attempts to publish what Redis did not take."""
REPEAT_AFTER_MS = 1_000
"""How long the ledger may know less than was published before that is published again, doubled at each repeat …"""
REPEATS_DOUBLED = 5
"""… so many times."""


@dataclass(slots=True)
class _Owed:
    """A fill whose hedge is awaited."""

    fill: CumulativeFill
    since_ms: int
    asked_at_ms: int
    published_size: Decimal = Decimal(0)
    published_at_ms: int = 0
    repeats: int = 0
    is_told: bool = False


class UnhedgedFills:
    """State of all that is on its way; the machine owns it.

    Args:
        hedge_wait_ms: how long a missing hedge is waited for before it is said.
        poll_ms: pause between two looks at the ledger while a hedge is awaited.
    """

    def __init__(self, hedge_wait_ms: int, poll_ms: int = LEDGER_POLL_MS) -> None:
        self._hedge_wait_ms = hedge_wait_ms
        self._poll_ms = poll_ms
        self._owed: dict[int, _Owed] = {}
        """The one that the ledger was asked about least lately stands first."""
        self._waiting: dict[int, CumulativeFill] = {}
        self._kept: dict[int, CumulativeFill] = {}
        self._has_kept = False
        self._is_failing = False
        self._retry_at_ms = 0

    @property
    def is_published(self) -> bool:
        """Whether Redis has everything."""
        return not self._waiting

    @property
    def is_hedged(self) -> bool:
        """Whether no hedge is awaited."""
        return not self._owed

    @property
    def sizes(self) -> dict[int, Decimal]:
        """What is awaited: maker orders and what they have filled, base units."""
        return {index: owed.fill.filled_size for index, owed in self._owed.items()}

    def is_awaited(self, order_index: int) -> bool:
        """Whether a hedge of this order is."""
        return order_index in self._owed

    @property
    def since_ms(self) -> int | None:
        """Since when the oldest of them is awaited, unix ms; None where none is."""
        return min((owed.since_ms for owed in self._owed.values()), default=None)

    def told(self, fill: CumulativeFill, now_ms: int) -> tuple[ev.Command, ...]:
        """Takes in that an order's fill has grown, or that it has ended with one."""
        is_free = not self._waiting
        self._note(fill, now_ms)
        if is_free:
            return self._next()
        return self._keep() if self._is_failing else ()

    def restored(self, fills: tuple[CumulativeFill, ...], now_ms: int) -> tuple[ev.Command, ...]:
        """Takes in what an earlier run kept on disk: it is published before anything else."""
        for fill in fills:
            self._note(fill, now_ms)
            self._kept[fill.order_index] = self._waiting[fill.order_index]
        self._has_kept = self._has_kept or bool(fills)
        return self._next()

    def published(self, fill: CumulativeFill, now_ms: int) -> tuple[ev.Command, ...]:
        """Takes in that Redis took a fill."""
        self._is_failing = False
        owed = self._owed.get(fill.order_index)
        if owed is not None and fill.filled_size >= owed.published_size:
            owed.published_size, owed.published_at_ms = fill.filled_size, now_ms
        if self._waiting.get(fill.order_index) == fill:
            del self._waiting[fill.order_index]
        if self._waiting or not self._has_kept:
            return self._next()
        self._has_kept = False
        self._kept.clear()
        return (ev.ForgetKept(),)

    def publish_failed(self, now_ms: int) -> tuple[ev.Command, ...]:
        """Takes in that Redis did not take a fill, or did not say so."""
        self._is_failing = True
        self._retry_at_ms = now_ms + PUBLISH_RETRY_MS
        return self._keep()

    def keep_failed(self, fill: CumulativeFill) -> None:
        """Takes in that the disk did not take a fill; it is tried again with the next failure of Redis."""
        self._kept.pop(fill.order_index, None)

    def hedge_told(self, event: ev.HedgeTold, now_ms: int, *, has_hedger: bool) -> tuple[ev.Command, ...]:
        """Takes in how much of an order is hedged, and how much of it the ledger knows.

        Args:
            event: what B or the ledger says.
            now_ms: unix ms.
            has_hedger: whether somebody reads what is published.
        """
        owed = self._owed.get(event.order_index)
        if owed is None:
            return ()
        if event.hedged_size >= owed.fill.filled_size:
            del self._owed[event.order_index]
            return ()
        known = event.ledger_size
        if known is None or known >= owed.published_size or event.order_index in self._waiting or not has_hedger:
            return ()
        if now_ms - owed.published_at_ms < REPEAT_AFTER_MS << min(owed.repeats, REPEATS_DOUBLED):
            return ()
        owed.repeats += 1
        facts = (("order", event.order_index), ("published", owed.published_size), ("ledger", known))
        note = ev.Note("warning", "the ledger knows less than was published; publishing it again", facts)
        return (note, *self.told(owed.fill, now_ms))

    def tick(self, now_ms: int, *, is_redis_there: bool) -> tuple[ev.Command, ...]:
        """Does what time demands: publishes again what Redis did not take, and looks into the ledger."""
        commands: tuple[ev.Command, ...] = ()
        if self._waiting and now_ms >= self._retry_at_ms:
            self._retry_at_ms = now_ms + PUBLISH_RETRY_MS
            commands += self._next()
        due = (one for one in self._owed.items() if now_ms - one[1].asked_at_ms >= self._poll_ms)
        for order_index, owed in tuple(islice(due, READS_PER_TICK)) if is_redis_there else ():
            owed.asked_at_ms = now_ms
            self._owed[order_index] = self._owed.pop(order_index)
            commands += (ev.ReadLedger(order_index, owed.fill),)
        return commands

    def overdue(self, now_ms: int) -> tuple[ev.Command, ...]:
        """Notes, once each, of fills whose hedge is awaited for too long."""
        notes: tuple[ev.Command, ...] = ()
        for order_index, owed in self._owed.items():
            if not owed.is_told and now_ms - owed.since_ms >= self._hedge_wait_ms:
                owed.is_told = True
                size, waiting_ms = owed.fill.filled_size, now_ms - owed.since_ms
                facts = (("order", order_index), ("size", size), ("waiting_ms", waiting_ms))
                notes += (ev.Note("error", "fill still unhedged", facts),)
        return notes

    def _note(self, fill: CumulativeFill, now_ms: int) -> None:
        """Among what waits, and among what is owed, the larger amount counts: reports come in any order."""
        index = fill.order_index
        known = self._waiting.get(index)
        self._waiting[index] = fill if known is None else _larger(known, fill)
        owed = self._owed.get(index)
        if owed is None:
            self._owed[index] = _Owed(fill, now_ms, now_ms)
        else:
            owed.fill = _larger(owed.fill, fill)

    def _next(self) -> tuple[ev.Command, ...]:
        """The one that has waited longest, to be published."""
        return tuple(ev.PublishFill(fill) for fill in list(self._waiting.values())[:1])

    def _keep(self) -> tuple[ev.Command, ...]:
        """Whatever waits and is not on disk as it is now."""
        fresh = [fill for index, fill in self._waiting.items() if self._kept.get(index) != fill]
        self._kept.update((fill.order_index, fill) for fill in fresh)
        self._has_kept = self._has_kept or bool(fresh)
        return tuple(ev.KeepFill(fill) for fill in fresh)


def _larger(known: CumulativeFill, told: CumulativeFill) -> CumulativeFill:
    """The larger amount; an end that either of them tells is kept."""
    chosen = told if told.filled_size >= known.filled_size else known
    return replace(chosen, is_final=True) if (known.is_final or told.is_final) and not chosen.is_final else chosen
