"""The channels of the socket: their names, what they are about, and the frames on them (venue fact sheet 3.1, 3.3).

Promise: a request uses `/`, every frame uses `:`; a name that means nothing is a `ChannelRefused` with a venue code.
Pure. Known limits: no candles, no spot, no pools.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from hedge_strategy.simulator.config import AuthSettings

INVALID_CHANNEL: Final = 30005
ALL: Final = "all"

_MARKET = ("order_book", "ticker", "trade")
_ACCOUNT = (
    *("account_all", "account_all_orders", "account_all_trades", "account_all_positions", "account_all_assets"),
    *("user_stats", "account_tx", "notification"),
)
_MARKET_AND_ACCOUNT = ("account_market", "account_orders")
MAX_INDEX: Final = (1 << 48) - 1


class ChannelRefused(Exception):
    """A subscription that cannot be."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel. `key` tells channels apart; `label` is what frames carry in `channel`."""

    name: str
    market_index: int | None = None
    account_index: int | None = None

    @property
    def key(self) -> str:
        if self.name == "market_stats" and self.market_index is None:
            return "market_stats:all"
        parts = [str(index) for index in (self.market_index, self.account_index) if index is not None]
        return ":".join([self.name, *parts])

    @property
    def label(self) -> str:
        # account_orders is labelled with its market only (venue fact sheet 3.3).
        return f"account_orders:{self.market_index}" if self.name == "account_orders" else self.key

    def needs_token(self, settings: AuthSettings) -> bool:
        """Whether a subscription without a token is refused."""
        switches = {
            "account_all": settings.account_all,
            "user_stats": settings.user_stats,
            "account_all_trades": settings.account_all_trades,
        }
        return self.account_index is not None and switches.get(self.name, settings.private_channels)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame ready to be written, with what faults and the truth need to know about it."""

    body: bytes
    channel: str
    account_index: int | None = None
    market_index: int | None = None
    fills: tuple[tuple[int, int], ...] = ()
    """(market, trade id) of each new fill in it."""
    is_update: bool = True


def parse_channel(text: Any) -> Channel:
    """`order_book/1` and the like. Raises ChannelRefused."""
    if not isinstance(text, str) or len(text) > 200:
        raise ChannelRefused(INVALID_CHANNEL, "Invalid Channel")
    name, *rest = text.split("/")
    if name == "height" and not rest:
        return Channel("height")
    if name == "market_stats" and rest == [ALL]:
        return Channel("market_stats")
    indexes = [int(part) for part in rest if part.isascii() and part.isdigit() and len(part) < 16]
    if len(indexes) == len(rest) and all(index <= MAX_INDEX for index in indexes):
        if (name in _MARKET or name == "market_stats") and len(indexes) == 1:
            return Channel(name, market_index=indexes[0])
        if name in _ACCOUNT and len(indexes) == 1:
            return Channel(name, account_index=indexes[0])
        if name in _MARKET_AND_ACCOUNT and len(indexes) == 2:
            return Channel(name, market_index=indexes[0], account_index=indexes[1])
    raise ChannelRefused(INVALID_CHANNEL, f"Invalid Channel: {text}")


def make_frame(
    channel: Channel, payload: dict[str, Any], fills: tuple[tuple[int, int], ...] = (), snapshot: bool = False
) -> Frame:
    """The payload as a frame of the channel: `subscribed/...` for a snapshot, else `update/...`."""
    kind = "subscribed" if snapshot else "update"
    body = msgspec.json.encode({"channel": channel.label, **payload, "type": f"{kind}/{channel.name}"})
    return Frame(body, channel.label, channel.account_index, channel.market_index, fills, is_update=not snapshot)
