"""B's results on their way to A: one channel per market.

A result is a hint that makes A quick; what it tells stands in the ledger already when it is published. So nothing is
lost with it: after `Resubscribed`, or when a result does not come, A reads the order's line in the ledger
(`HedgeLedger.order_line`).
"""

from dataclasses import dataclass

import redis

from hedge_strategy.coordination.channel import Heard
from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.fill_stream import Unreadable
from hedge_strategy.coordination.line import Line
from hedge_strategy.coordination.messages import ResultMessage, decode_result, encode
from hedge_strategy.coordination.slots import channels_of
from hedge_strategy.errors import WireError


@dataclass(frozen=True, slots=True)
class ResultHeard:
    """B has told what it did."""

    message: ResultMessage


class ResultPublisher:
    """B's end. Safe to share between threads.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._line = Line(client)

    def publish(self, market: str, message: ResultMessage) -> None:
        """Publishes a result, and does not wait for Redis to say so; repeating it is harmless.

        Args:
            market: the maker's symbol.
            message: names the same market.

        Raises:
            ValueError: the message names another market.
            RedisUnavailable: it could not be sent.
            CommandRefused: the one before it was refused.
        """
        if message.market != market:
            raise ValueError(f"a message for {message.market} is not published for {market}")
        with redis_errors():
            channels = channels_of(self._client, market)
            self._line.tell(channels.home, channels.publish, channels.results, encode(message))


class ResultSubscriber:
    """A's end, for one market and one account of A: which channels are heard, and what they say.

    Args:
        client: the connection.
        market: the maker's symbol.
        maker_account_index: A's account; results for others are passed over.
    """

    def __init__(self, client: redis.Redis, market: str, maker_account_index: int) -> None:
        self._market = market
        self._maker_account_index = maker_account_index
        names = channels_of(client, market)
        self.channels = (names.results,)
        """Where results are heard."""
        self.home = names.home
        """A key that lives where they do."""

    def understand(self, heard: Heard) -> ResultHeard | Unreadable | None:
        """What one of its `channels` said; None for what is for another account."""
        try:
            message = decode_result(heard.payload, self._market)
        except WireError as error:
            return Unreadable(error)
        return ResultHeard(message) if message.maker_account_index == self._maker_account_index else None
