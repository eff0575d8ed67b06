"""Everything that is measured besides the latency of single fills."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import requests
from websockets.sync.client import connect

from bench.figures import percentile
from bench.fills import hedged_fills
from bench.laboratory import LANE, MARKET, MARKET_INDEX, PLACED_LOTS, Laboratory, Pair
from bench.machine import usage_of
from bench.settled import bytes_per_open_order, settle_orders
from bench.signing import made_signer, signed_order
from hedge_strategy.coordination.keys import market_keys

STARTS = 3
BURST_PER_S = 1_000
GROWTH_ROUNDS = 6
GROWTH_FILLS = 50
GROWTH_PER_S = 20


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Attributes:
        idle_s: how long A and B are watched while nothing happens.
        signatures: how many are made to see what one costs.
        burst: fills at once, while B is there and while it is away.
        grown: orders that the larger ledger has settled; 0: growth is not measured.
        exchange_orders: orders that the exchange is given at once.
    """

    idle_s: float
    signatures: int
    burst: int
    grown: int
    exchange_orders: int


def start_s(laboratory: Laboratory, pair: Pair, starts: int = STARTS) -> float:
    """From starting A and B at once until A's first order rests: the median; leaves them running."""
    took = []
    for number in range(starts):
        if number:
            laboratory.stop(pair, "maker", "hedger")
        began_ns = laboratory.now_ns()
        laboratory.start(pair, "hedger", "maker")
        took.append((laboratory.wait_quote(pair) - began_ns) / 1e9)
    return round(median(took), 2)


def idle(laboratory: Laboratory, pair: Pair, seconds: float) -> dict[str, Any]:
    """CPU in percent of a core, and memory, of A and B while an order rests and nothing happens."""
    before = {role: usage_of(process.process_id) for role, process in pair.processes.items()}
    began_ns = laboratory.clock.monotonic_ns()
    laboratory.clock.sleep(seconds)
    after = {role: usage_of(process.process_id) for role, process in pair.processes.items()}
    wall_ns = laboratory.clock.monotonic_ns() - began_ns
    return {
        "cpu_percent": {role: round(100 * (after[role].cpu_ns - before[role].cpu_ns) / wall_ns, 2) for role in after},
        "rss_mb": {role: after[role].rss_mb for role in after},
    }


def signature(count: int) -> Mapping[str, float]:
    """What one signature costs, in milliseconds of time and of CPU, while everything else runs."""
    command = [sys.executable, "-m", "bench.signing", str(count)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {name: round(value, 3) for name, value in found.items()}


def throughput_per_s(laboratory: Laboratory, pair: Pair, fills: int) -> float:
    """Hedges a second of one B that is offered more than it can do."""
    began_ns = laboratory.now_ns()
    laboratory.drill(pair, fills, BURST_PER_S, lots=PLACED_LOTS, places=True)
    laboratory.wait_hedged(pair, within_s=60)
    return round(_pace(laboratory, pair, began_ns), 1)


def drain_s(laboratory: Laboratory, pair: Pair, fills: int) -> dict[str, float]:
    """How long B takes for what A was filled while B was away: from its first hedge to its last, and from its start."""
    laboratory.stop(pair, "hedger")
    key = market_keys(MARKET).fills
    laboratory.drill(pair, fills, BURST_PER_S, lots=PLACED_LOTS, places=True)
    with pair.client() as client:
        laboratory.processes.wait_for(lambda: client.xlen(key) >= fills or None, "A to publish its fills", 60)
    began_ns = laboratory.now_ns()
    laboratory.start(pair, "hedger")
    laboratory.wait_hedged(pair, within_s=120)
    received = _received_ns(laboratory, pair, began_ns)
    return {
        "hedges": len(received),
        "drain_s": round((received[-1] - received[0]) / 1e9, 3),
        "with_start_s": round((received[-1] - began_ns) / 1e9, 3),
    }


def _pace(laboratory: Laboratory, pair: Pair, began_ns: int) -> float:
    received = _received_ns(laboratory, pair, began_ns)
    return (len(received) - 1) / ((received[-1] - received[0]) / 1e9)


def _received_ns(laboratory: Laboratory, pair: Pair, began_ns: int) -> list[int]:
    path = f"transactions?account_index={pair.accounts[1]}&market_index={MARKET_INDEX}&since_ns={began_ns}"
    return sorted(int(row["received_ns"]) for row in laboratory.admin("GET", path)["transactions"])


def growth(laboratory: Laboratory, grown: int, say: Callable[[str], None]) -> dict[str, Any]:
    """The median latency with few and with many settled orders behind it, by turns, and what an open order takes."""
    pairs: dict[int, Pair] = {}
    for count in (1_000, grown):
        pair = laboratory.open_pair(f"grown-{count}", laboratory.another_redis(f"redis-{count}"))
        laboratory.start(pair, "hedger")
        laboratory.wait_hedging(pair)
        laboratory.stop(pair, "hedger")
        say(f"settling {count:,} orders")
        with pair.client() as client:
            took_s = settle_orders(client, pair.accounts[0], count)
        say(f"settled {count:,} orders in {took_s:.0f} s")
        laboratory.start(pair, "hedger", "maker")
        laboratory.wait_quote(pair)
        pairs[count] = pair
    windows: dict[int, list[tuple[int, int]]] = {count: [] for count in pairs}
    for number in range(GROWTH_ROUNDS + 1):
        for count, pair in pairs.items():
            began_ns = laboratory.now_ns()
            laboratory.drill(pair, GROWTH_FILLS, GROWTH_PER_S, lots=PLACED_LOTS, places=True)
            laboratory.wait_hedged(pair)
            if number:
                windows[count].append((began_ns, laboratory.now_ns()))
    found: dict[str, Any] = {}
    for count, pair in pairs.items():
        fills = hedged_fills(laboratory.records(pair))
        values = [one.latency_us for one in fills if any(a <= one.framed_ns <= b for a, b in windows[count])]
        found[str(count)] = round(percentile(values, 50))
        with pair.client() as client:
            found.setdefault("bytes", {})[str(count)] = bytes_per_open_order(client)
        laboratory.stop(pair, "maker", "hedger")
    return found


def exchange_orders_per_s(laboratory: Laboratory, pair: Pair, count: int) -> float:
    """Orders a second that the exchange itself takes: signed ahead, given to it at once by account B, which is away."""
    payloads = _signed_orders(laboratory, pair, count)
    with connect(laboratory.urls.ws_url, compression=None, proxy=None, max_queue=None) as socket:
        socket.recv()
        began_ns = laboratory.clock.monotonic_ns()
        for number, (kind, payload) in enumerate(payloads):
            data = f'{{"id":"{number}","tx_type":{kind},"tx_info":{payload}}}'
            socket.send(f'{{"type":"jsonapi/sendtx","data":{data}}}')
        for _ in payloads:
            answer = json.loads(socket.recv(timeout=30))
            if answer.get("code") != 200:
                raise RuntimeError(f"the exchange refused an order: {answer}")
        return round(count / ((laboratory.clock.monotonic_ns() - began_ns) / 1e9), 1)


def _signed_orders(laboratory: Laboratory, pair: Pair, count: int) -> list[tuple[int, str]]:
    account = pair.accounts[1]
    query = f"account_index={account}&api_key_index={LANE}"
    answer = requests.get(f"{laboratory.urls.url}/api/v1/nextNonce?{query}", timeout=10).json()
    signer = asyncio.run(_closed_signer(laboratory.urls.url, account, pair.keys[account]))
    # Sells and buys by turns, so that the position stays what it was.
    return [signed_order(signer, 0, answer["nonce"] + place, is_ask=place % 2 == 0) for place in range(count)]


async def _closed_signer(url: str, account_index: int, private_key: str) -> Any:
    signer = await made_signer(url, account_index, private_key)
    await signer.close()  # it signs without a connection
    return signer
