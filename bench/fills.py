"""The exchange's records, and the timelines of A and B, as the latency and the hops of each fill. Pure.

Latency is by the exchange's one clock: from the moment it wrote A's socket the first frame that told of a fill to the
moment it received the signed hedge with which B's orders for that maker order add up to what A had been filled by then
(of earlier ones counts what was executed, of the last what it asks for).

Hops are by the machine's steady clock, which all its processes share; the exchange's times are moved onto it.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.cli.demo_report import CREATE_ORDER, Records, maker_fills
from hedge_strategy.domain.ids import hedge_identity

HOPS = (
    ("a_hears", "frame sent → A has read and decoded it"),
    ("b_hears", "→ A has tracked it, Redis has appended and published it, B has read and decoded it"),
    ("signed", "→ priced, approved, signed; nothing where it was signed ahead"),
    ("claimed", "→ B's ledger script has claimed it, and has the signed bytes where it was signed by then"),
    ("stored", "→ the ledger has the bytes of what was signed after its claim, the signing included"),
    ("received", "→ written to the socket, and read by the exchange"),
)
"""The way of a fill, hop by hop, and what each is."""


@dataclass(frozen=True, slots=True)
class Hedged:
    """A fill with its hedge.

    Attributes:
        trade_id: of the fill.
        order_index: A's.
        filled: what the order had been filled by then, base units.
        framed_ns: when the exchange wrote the frame.
        received_ns: when it received the hedge.
        client_order_index: of the hedge.
    """

    trade_id: int
    order_index: int
    filled: Decimal
    framed_ns: int
    received_ns: int
    client_order_index: int

    @property
    def latency_us(self) -> float:
        """From the frame to the hedge."""
        return (self.received_ns - self.framed_ns) / 1_000


@dataclass(frozen=True, slots=True)
class _Hedge:
    received_ns: int
    asked: Decimal
    executed: Decimal
    client_order_index: int


def hedged_fills(records: Records) -> list[Hedged]:
    """Every fill that A was told of by a frame and that a hedge covers, in the order of the fills."""
    hedges = _hedges(records)
    found: list[Hedged] = []
    for order_index, fills in maker_fills(records).items():
        its_hedges = hedges.get(order_index, [])
        covered: list[Decimal] = []
        executed = Decimal(0)
        for hedge in its_hedges:
            covered.append(max(executed + hedge.asked, covered[-1] if covered else Decimal(0)))
            executed += hedge.executed
        for fill in fills:
            frame = records.frames.get((records.maker, fill.trade_id))
            place = bisect_left(covered, fill.filled)
            if frame is None or place == len(covered):
                continue
            hedge = its_hedges[place]
            if hedge.received_ns >= frame.framed_ns:
                found.append(
                    Hedged(
                        fill.trade_id,
                        order_index,
                        fill.filled,
                        frame.framed_ns,
                        hedge.received_ns,
                        hedge.client_order_index,
                    )
                )
    return sorted(found, key=lambda one: one.trade_id)


def _hedges(records: Records) -> dict[int, list[_Hedge]]:
    received: dict[str, int] = {}
    for transaction in records.transactions.values():
        if transaction.account_index == records.hedger and transaction.tx_type == CREATE_ORDER:
            at_ns = received.get(transaction.hash, transaction.received_ns)
            received[transaction.hash] = min(at_ns, transaction.received_ns)
    found: dict[int, list[_Hedge]] = defaultdict(list)
    for order in records.orders.values():
        if order.account_index == records.hedger and order.tx_hash in received:
            identity = hedge_identity(order.client_order_index, order.market_index)
            hedge = _Hedge(received[order.tx_hash], order.initial_size, order.filled_size, order.client_order_index)
            found[identity.maker_order_index].append(hedge)
    for its_hedges in found.values():
        its_hedges.sort(key=lambda hedge: hedge.received_ns)
    return found


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of a timeline."""

    step: str
    index: int
    size: str
    at_ns: int


def marks_of(lines: Iterable[str]) -> list[Mark]:
    """Reads a timeline.

    Raises:
        ValueError: a line is none of a timeline.
    """
    found = []
    for line in lines:
        step, index, size, at_ns = line.rstrip("\n").split("\t")
        found.append(Mark(step, int(index), size, int(at_ns)))
    return found


class Timelines:
    """The marks of A and of B, found by what they are about.

    Args:
        of_maker: A's.
        of_hedger: B's.
        wall_ahead_ns: what the exchange's clock shows more than the steady one.
        size_decimals: of the market: B counts in lots.
    """

    def __init__(
        self, of_maker: Iterable[Mark], of_hedger: Iterable[Mark], wall_ahead_ns: int, size_decimals: int
    ) -> None:
        self._ahead_ns = wall_ahead_ns
        self._decimals = size_decimals
        self._maker_heard: dict[int, list[int]] = defaultdict(list)
        self._hedger_heard: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._steps: dict[tuple[str, int], int] = {}
        for mark in of_maker:
            if mark.step == "heard":
                self._maker_heard[mark.index].append(mark.at_ns)
        for mark in of_hedger:
            if mark.step == "heard":
                self._hedger_heard[mark.index].append((int(mark.size), mark.at_ns))
            else:
                self._steps.setdefault((mark.step, mark.index), mark.at_ns)

    def hops_us(self, fill: Hedged) -> dict[str, float] | None:
        """How long each hop took; None where a mark is missing, or the hedge was under way before the fill.

        Bytes that were signed ahead are stored by the claim itself: signing and storing took no time then. What was
        signed after its claim counts as part of storing.
        """
        framed_ns, received_ns = fill.framed_ns - self._ahead_ns, fill.received_ns - self._ahead_ns
        lots = int(fill.filled.scaleb(self._decimals))
        a_hears = next((at for at in self._maker_heard.get(fill.order_index, ()) if at >= framed_ns), None)
        heard = [at for size, at in self._hedger_heard.get(fill.order_index, ()) if size >= lots]
        claimed = self._steps.get(("claimed", fill.client_order_index))
        b_hears = min(heard, default=None)
        signed = self._steps.get(("signed", fill.client_order_index), b_hears)
        if signed is not None and b_hears is not None and claimed is not None and not b_hears <= signed <= claimed:
            signed = b_hears
        steps = [signed, claimed, self._steps.get(("stored", fill.client_order_index), claimed)]
        moments = [framed_ns, a_hears, b_hears, *steps, received_ns]
        if any(at is None for at in moments):
            return None
        known = [at for at in moments if at is not None]
        names = [name for name, _ in HOPS]
        return {name: (known[place + 1] - known[place]) / 1_000 for place, name in enumerate(names)}


def hops_of(fills: Sequence[Hedged], timelines: Timelines) -> Mapping[str, list[float]]:
    """All values of each hop, fill by fill; fills whose marks are not complete are left out."""
    found: dict[str, list[float]] = {name: [] for name, _ in HOPS}
    for fill in fills:
        hops = timelines.hops_us(fill)
        if hops is not None:
            for name, value in hops.items():
                found[name].append(value)
    return found
