"""How much Redis holds after so many settled fills: it must follow what is open, not what was ever done.

Every fill goes the way that it goes in the product, through the real scripts on a real `redis-server`: published,
read from the consumer group, claimed, its signed bytes stored, settled, acknowledged. Every other order fills in two
parts, and each order ends, as orders do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path

import redis

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.fill_stream import FillEntry, FillPublisher, FillSource, FillSubscriber
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_rows import seen_fill
from hedge_strategy.coordination.messages import FillMessage, fill_message
from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.hedge import Claim, IntentState
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Side, SignedTransaction
from tests.figures.figure import Figure
from tests.redis_server import running_redis

BTC = Market("BTC", 1, 5, 1, Decimal("0.00020"), Decimal("10.000000"))
KEYS = market_keys(BTC.symbol)
MAKER = 280459
FIRST_ORDER = (BTC.index + 1) << 48
FIRST_TRADE = 10_000_000
"""So that numbers have as many digits in the beginning as in the end."""
BEGAN_MS, EACH_MS = 1_761_297_780_000, 500
PRICE = Decimal("111282.1")
LEASE_MS = 24 * 3_600_000
PAYLOAD_BYTES = 700
"""About what a signed market order measures."""
GROWTH_MAX = 1.01
"""Redis itself draws the heights of a sorted set's list, which makes some hundred bytes of difference."""
USED_GROWTH_MAX = 1.02
"""Of the whole server, whose own buffers come and go."""


@dataclass(frozen=True)
class Held:
    """What Redis holds, in bytes: the market's ledger, its stream, and all that the server uses."""

    ledger: int
    stream: int
    used: int


def after_settled_fills(folder: Path, fewer: int, more: int) -> list[Figure]:
    """Settles fills one after the other and looks twice.

    Args:
        folder: for the server's files; made.
        fewer: fills before the first look.
        more: fills before the second.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with running_redis(folder) as server, connect(server.settings) as client:
        settled = _settle_fills(client)
        first = _held_after(client, settled, fewer)
        second = _held_after(client, settled, more - fewer)
    figures = []
    for name, words, growth in (
        ("ledger", "ledger", GROWTH_MAX),
        ("stream", "stream of fills", GROWTH_MAX),
        ("used", "all that redis-server uses", USED_GROWTH_MAX),
    ):
        before, after = getattr(first, name), getattr(second, name)
        figures.append(Figure(f"{name}_{fewer}_bytes", f"{words} after {fewer:,} settled fills, bytes", None, [before]))
        bound = before * growth
        figures.append(Figure(f"{name}_{more}_bytes", f"{words} after {more:,} settled fills, bytes", bound, [after]))
    return figures


def _held_after(client: redis.Redis, settled: Iterator[int], number: int) -> Held:
    for _ in range(number):
        next(settled)
    names = list(client.scan_iter(f"hedge:{{{BTC.symbol}}}:*"))
    sizes = {name: client.memory_usage(name, samples=0) or 0 for name in names}
    stream = sizes.pop(KEYS.fills.encode())
    client.memory_purge()
    return Held(sum(sizes.values()), stream, int(client.info("memory")["used_memory"]))


def _settle_fills(client: redis.Redis) -> Iterator[int]:
    """Settles one fill at each step."""
    lease = Leases(client, life_ms=LEASE_MS).acquire(BTC.symbol, owner="hedger-1", lane=4)
    assert isinstance(lease, Lease), "nobody else is there"
    ledger, publisher = HedgeLedger(client, BTC.symbol), FillPublisher(client)
    ledger.open_epoch("epoch-1", fencing=lease.fencing)
    source = FillSource(BTC.symbol, MAKER, BTC.index)
    subscriber = FillSubscriber(client, source, "hedger-1")
    for number in count(1):
        publisher.publish(BTC.symbol, _message(number))
        (entry,) = subscriber.read_new()
        assert isinstance(entry, FillEntry), entry
        fill = seen_fill(entry.message, BTC)
        claim = ledger.claim(fill, fencing=lease.fencing, claim_token=f"hedger-1:{number}")
        assert isinstance(claim, Claim), claim
        ledger.advance(claim, IntentState.SENT, fencing=lease.fencing, transaction=_signed(claim, number))
        ledger.settle(claim, fencing=lease.fencing, executed_lots=claim.lots, executed_quote="111.2", reason="filled")
        subscriber.acknowledge([entry.stream_id])
        yield number


def _message(number: int) -> FillMessage:
    """Of each three fills the first is a whole order and the others are the two parts of another."""
    order, part = number // 3 * 2 + (number % 3 > 0), number % 3
    size = Decimal("0.00100") if part == 1 else Decimal("0.00200")
    filled = CumulativeFill(
        account_index=MAKER,
        market_index=BTC.index,
        order_index=FIRST_ORDER + order,
        side=Side.SELL,
        filled_size=size,
        filled_quote=size * PRICE,
        is_final=part != 1,
        filled_at_ms=BEGAN_MS + number * EACH_MS,
    )
    return fill_message(filled, BTC, last_trade_id=FIRST_TRADE + number, maker_id="maker-1", sequence=number)


def _signed(claim: Claim, number: int) -> SignedTransaction:
    return SignedTransaction(
        kind=14,
        payload="x" * PAYLOAD_BYTES,
        hash=f"{number:080x}",
        nonce=number,
        key_index=4,
        expires_at_ms=BEGAN_MS + number * EACH_MS + 60_000,
        client_order_index=claim.client_order_index,
    )
