"""A tells which order of its rests now, so that B can have the hedge signed before the fill comes.

A hint, and nothing more: no promise rests on it. One that is lost costs the time of a signature; one that is late,
repeated or forged costs a useless signature, because what was signed ahead is used only for the very hedge that the
ledger claims. The newest announcement of a market stands in Redis for as long as its order may rest, for the hedger
that comes later; one script writes and publishes it.
"""

from decimal import Decimal

import msgspec
import redis

from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.messages import LOTS_MAX, MESSAGE_BYTES_MAX, Amount, Index, Name
from hedge_strategy.coordination.scripts import Script
from hedge_strategy.coordination.slots import channels_of
from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Side
from hedge_strategy.errors import WireError

ANNOUNCEMENT_VERSION = 1


class AnnouncementMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One of A's orders, as the venue has shown it resting.

    Attributes:
        account_index: A's account.
        market_index: A's venue's number of the market.
        order_index: A's venue's number of the order.
        side: which way the order goes.
        base_amount: its whole size, base units.
        price: quote per base.
        market: symbol.
        maker_id: which run of A says so.
        sequence: counted up by that run from 1.
        version: of this form.
    """

    account_index: Index
    market_index: Index
    order_index: Index
    side: Side
    base_amount: Amount
    price: Amount
    market: Name
    maker_id: Name = ""
    sequence: Index = 0
    version: Index = ANNOUNCEMENT_VERSION

    @property
    def order(self) -> OrderKey:
        """Which order this is about."""
        return OrderKey(self.account_index, self.market_index, self.order_index)

    def lots(self, market: Market) -> int:
        """The order's whole size in lots of A's market.

        Raises:
            WireError: it is no whole number of lots, nothing, or more than a venue can hold.
        """
        try:
            lots = market.lots_exactly(Decimal(self.base_amount))
        except ValueError as error:
            raise WireError("announcement", str(error)) from error
        if not 0 < lots <= LOTS_MAX:
            raise WireError("announcement", f"base_amount {self.base_amount} is nothing, or beyond 2^48 lots")
        return lots


class AnnouncementPublisher:
    """A's end. Safe to share between threads.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._script = Script(client, "announcement.lua")

    def announce(self, message: AnnouncementMessage, life_ms: int) -> int:
        """Tells of an order; repeating it is harmless.

        Args:
            message: the order.
            life_ms: how long it may rest.

        Returns:
            How many listeners it reached.

        Raises:
            RedisUnavailable: no answer.
        """
        keys, channels = market_keys(message.market), channels_of(self._client, message.market)
        heard = self._script(
            (keys.resting,), (msgspec.json.encode(message), max(1, life_ms), channels.publish, channels.announcements)
        )
        return int(heard)


_DECODER = msgspec.json.Decoder(AnnouncementMessage)


def decode_announcement(payload: bytes, market: str) -> AnnouncementMessage:
    """Reads an announcement.

    Raises:
        WireError: it is none, or is for another market.
    """
    if len(payload) > MESSAGE_BYTES_MAX:
        raise WireError("announcement", f"{len(payload)} bytes, more than {MESSAGE_BYTES_MAX}")
    try:
        message = _DECODER.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise WireError("announcement", str(error)) from error
    if message.market != market:
        raise WireError("announcement", f"names the market {message.market!r}, but came for {market}")
    return message


def standing_announcement(client: redis.Redis, market: str) -> AnnouncementMessage | None:
    """The newest announcement, None where A has said nothing of late.

    Raises:
        WireError: what stands there is no announcement.
        RedisUnavailable: no answer.
    """
    with redis_errors():
        held = client.get(market_keys(market).resting)
    return decode_announcement(held, market) if isinstance(held, bytes) else None
