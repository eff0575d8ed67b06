"""Each known failure as a few changed lines in a copy of the product: what its scenario must find.

A change names the text that it replaces. Where that text is gone from the source, planting fails and says so: mend it
here, so that it plants the same failure again.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.process import scenarios
from tests.process.scenarios import Scenario
from tests.product import BTC, ETH, ROOT, Product


@dataclass(frozen=True)
class Change:
    """`old` becomes `new` in a file of the package."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Failure:
    """A failure, how it is planted, and the scenario that must find it.

    Attributes:
        name: F-number and what goes wrong.
        changes: none for the product as it is.
        start: starts the processes.
        scenario: what is done to them.
        product: how the surroundings are set up.
    """

    name: str
    changes: tuple[Change, ...]
    start: Callable[[Product], None]
    scenario: Scenario
    product: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


IMPATIENT = MappingProxyType({"settings": {"lighter": {"maker_order_time_out": 1.5}}})
SHORT_PINGS = MappingProxyType({"socket": {"json_ping_s": 0.5, "no_pong_close_s": 0.5}})
MARKET_ZERO = MappingProxyType({"markets": (ETH,)})
TWO_MARKETS = MappingProxyType({"markets": (BTC, ETH)})

TRACKER, MAKER, MAKER_READER = "maker/fill_tracker.py", "maker/machine.py", "maker/reader.py"
_BEFORE_FILLS = "            case port.FillSeen(fill):\n                return self._told("


def _nothing(_product: Product) -> None:
    """The scenario starts what it needs."""


FAILURES = (
    Failure(
        "F1 the order is forgotten after its first trade",
        (
            Change(TRACKER, "        if fill.trade_id in order.trade_ids:", "        if order.told_size:"),
            Change(
                TRACKER,
                "        if is_ours and report.filled_size >",
                "        if not order.told_size and report.filled_size >",
            ),
        ),
        scenarios.start_btc,
        scenarios.two_parts,
    ),
    Failure(
        "F2 a fill of an order that is still being placed is taken for somebody else's",
        (
            Change(  # else the order's own frame ends the placing
                "maker/process.py",
                "        self._desk.heard(event)\n        if not isinstance(event, SendAnswered):\n",
                "        if isinstance(event, SendAnswered):\n            self._desk.heard(event)\n        else:\n",
            ),
            Change(
                MAKER,
                "        match event:\n            case ev.Tick(book):",
                "        if isinstance(event, port.FillSeen) and self._order and self._order.phase == 'placing':\n"
                "            self._tracker.foreign = event.fill.order_index\n"
                "        match event:\n            case ev.Tick(book):",
            ),
            Change(
                TRACKER,
                "        if not grown and not ended:",
                "        if not grown and not ended or getattr(self, 'foreign', 0) == order_index:",
            ),
        ),
        scenarios.start_btc,
        scenarios.fill_before_the_answer,
    ),
    Failure(
        "F5 a trade that is told again counts again",
        (Change(TRACKER, "        if fill.trade_id in order.trade_ids:", "        if False:"),),
        scenarios.start_btc,
        scenarios.repeated_frames,
    ),
    Failure(
        "F5 a message that is heard again is a new fill",
        (
            Change(
                "hedger/feed.py",
                "        tell(ev.FillHeard(fill, average_price, stream_id))",
                "        import dataclasses as d\n"
                "        self._heard = getattr(self, '_heard', 0) + (stream_id is None)\n"
                "        number = fill.order.order_index + (0 if self._heard < 4 else self._heard << 12)\n"
                "        fill = d.replace(fill, order=d.replace(fill.order, order_index=number))\n"
                "        tell(ev.FillHeard(fill, average_price, stream_id))",
            ),
        ),
        scenarios.start_btc,
        scenarios.repeated_messages,
    ),
    Failure(
        "F7 the whole hedge is sent again when a part of it was executed",
        (
            Change(
                "hedger/machine.py",
                "        hedge.settlement = ev.Settle(hedge.claim, False, lots,",
                "        lots = lots if lots == hedge.claim.lots else 0\n"
                "        hedge.settlement = ev.Settle(hedge.claim, False, lots,",
            ),
        ),
        scenarios.start_btc,
        scenarios.partly_executed_hedge,
    ),
    Failure(
        "F10 only orders that are filled in full count",
        (
            Change(MAKER, "        if fill is None:\n", "        if fill is None or not fill.is_final:\n"),
            Change(TRACKER, "order.is_final or report.status.is_final", "report.status.value == 'filled'"),
        ),
        scenarios.start_btc,
        scenarios.partly_filled_then_cancelled,
        IMPATIENT,
    ),
    Failure(
        "F10 a fill is ignored while the order's cancel is on the way",
        (
            Change(
                MAKER,
                "        if fill is None:\n",
                "        if fill is None or self._order is not None and self._order.phase == 'cancelling':\n",
            ),
        ),
        scenarios.start_btc,
        scenarios.filled_while_being_cancelled,
        IMPATIENT,
    ),
    Failure(
        "F14 nothing is looked up after a reconnect",
        (
            Change(
                MAKER_READER,
                "        return ev.CaughtUp(fills, orders, position.size)",
                "        self._read_once = fills, orders = getattr(self, '_read_once', (fills, orders))\n"
                "        return ev.CaughtUp(fills, orders, position.size)",
            ),
            Change(
                MAKER_READER,
                "        return ev.LookedUp(index, found[0] if found else None)",
                "        return ev.LookedUp(index, None)",
            ),
        ),
        scenarios.start_btc,
        scenarios.cut_before_the_fill,
    ),
    Failure(
        "F16 each of two hedgers of one market takes it for its own",
        (
            Change(
                "wiring.py",
                "    ledger = HedgeLedger(client, maker_market.symbol)\n    sources",
                "    own = maker_market.symbol + '-2' * (venue.key_index - 4)\n"
                "    ledger = HedgeLedger(client, own)\n    sources",
            ),
            Change(
                "wiring.py",
                "memory=_memory(config, maker_market.symbol)",
                "memory=_memory(config, own)",
            ),
            Change("wiring.py", "LeaseKeeper(leases, maker_market.symbol,", "LeaseKeeper(leases, own,"),
            Change("wiring.py", "presence=Presence(maker_market.symbol,", "presence=Presence(own,"),
        ),
        _nothing,
        scenarios.two_hedgers_of_one_market,
    ),
    Failure(
        "F16 a hedger hedges fills of every market",
        (
            Change(
                "coordination/fill_stream.py",
                "        return message.account_index ==",
                "        return True or message.account_index ==",
            ),
        ),
        scenarios.start_two_markets,
        scenarios.two_markets_on_one_redis,
        TWO_MARKETS,
    ),
    Failure(
        "F18 market index 0 is taken for no market",
        (
            Change(
                TRACKER, "        return account_index == ", "        return bool(market_index) and account_index == "
            ),
        ),
        scenarios.start_eth,
        scenarios.market_zero_and_awkward_sizes,
        MARKET_ZERO,
    ),
    Failure(
        "F18 sizes go through floats",
        (
            Change(
                "venues/lighter/encode.py",
                "    lots = market.lots_exactly(intent.size)",
                "    lots = int(float(intent.size) * 10**market.size_decimals)",
            ),
        ),
        scenarios.start_eth,
        scenarios.market_zero_and_awkward_sizes,
        MARKET_ZERO,
    ),
    Failure(
        "F23 the JSON ping is not answered",
        (Change("venues/lighter/stream.py", "            self._socket.send_text(_PONG)", "            pass"),),
        scenarios.start_btc,
        scenarios.survives_json_pings,
        SHORT_PINGS,
    ),
)


def plant(changes: tuple[Change, ...], folder: Path) -> Path:
    """Copies the product's source and changes it.

    Args:
        changes: what to change.
        folder: where the copy goes; must not exist.

    Returns:
        The folder, to be used as the product's source.

    Raises:
        AssertionError: a text that is to be replaced does not stand there, or stands there more than once.
    """
    shutil.copytree(ROOT / "hedge_strategy", folder / "hedge_strategy")
    for script in ("main_A.py", "main_B.py"):
        shutil.copy2(ROOT / script, folder)
    for change in changes:
        path = folder / "hedge_strategy" / change.path
        text = path.read_text()
        count = text.count(change.old)
        assert count == 1, (
            f"{change.path} holds {change.old!r} {count} times: mend the change in tests/process/planted.py"
        )
        path.write_text(text.replace(change.old, change.new))
    return folder
