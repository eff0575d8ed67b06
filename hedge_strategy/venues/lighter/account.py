"""What all lanes of one account have in common in one process: limits, connections, lasting facts, the socket.

One socket hears the whole account. What it hears is handed on to the lane that it is about: events of a market to those
that trade there, answers and transactions to the key that signed. Lanes come and go while it runs; it is opened with
the first and closed with the last.

A lane is told `Connected` once the account's subscriptions and those of its own markets are confirmed; a book that does
not come leaves only its own lane unconnected. After `leave` it hears nothing more.

Known limit: a lane that joins while the socket is up hears no snapshot of the account's orders, trades and positions;
as after every `Connected`, what happened before is read by REST.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hedge_strategy.clock import Clock
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.tally import Tally
from hedge_strategy.venues.lighter.config import RATE_RULES, LighterConfig
from hedge_strategy.venues.lighter.rest import Rest, open_session
from hedge_strategy.venues.lighter.signer import Signer
from hedge_strategy.venues.lighter.stream import AccountStream
from hedge_strategy.venues.port import (
    BookTop,
    Connected,
    Disconnected,
    FillSeen,
    Listener,
    OrderSeen,
    PositionSeen,
    SendAnswered,
    TransactionSeen,
    VenueEvent,
)
from hedge_strategy.venues.transport.counted import Traffic
from hedge_strategy.venues.transport.rate_limit import RateLimiter

FACTS_KEPT_MS = 60_000
"""How long a market's decimals and minimums are taken for what they were."""


@dataclass
class _Lane:
    listener: Listener
    markets: frozenset[int]
    is_told: bool = False
    was_told: bool = False


class LighterAccount:
    """One account. Safe to share between threads.

    Args:
        config: the account; its key makes the socket's tokens.
        clock: time.
        random: jitter of reconnects, numbers in [0, 1).
        tally: counts the account's traffic; None: nobody wants to know.
    """

    def __init__(
        self, config: LighterConfig, clock: Clock, random: Callable[[], float], tally: Tally | None = None
    ) -> None:
        self._config = config
        self._clock = clock
        self._random = random
        self.limiter = RateLimiter(RATE_RULES[config.tier])
        self.traffic = Traffic(tally, config.account_index)
        if tally is not None:
            tally.look_with(("account", config.account_index), self._look)
        self._session = open_session(self.traffic)
        self._signers: dict[int, Signer] = {}
        self._signers_lock = threading.Lock()
        self._markets: dict[str, Market] = {}
        self._markets_until_ms = 0
        self._owners: dict[int, str] = {}
        self.checked_keys: set[int] = set()
        """Keys that the venue is known to have registered."""
        self._lanes: dict[int, _Lane] = {}
        self._stream: AccountStream | None = None
        self._asking = threading.Lock()
        self._changing = threading.Lock()
        self._routing = threading.RLock()

    def signer(self, config: LighterConfig) -> Signer:
        """The signer of a lane; made when it is first asked for."""
        with self._signers_lock:
            found = self._signers.get(config.key_index)
            if found is None:
                found = self._signers[config.key_index] = Signer(config)
            return found

    def rest(self, config: LighterConfig) -> Rest:
        """A lane's requests, over the account's connections."""
        return Rest(config, self.signer(config), self._clock, self.limiter, self._session)

    def close(self) -> None:
        """Closes idle connections."""
        self._session.close()

    # --- facts --------------------------------------------------------------------------------------------------------

    def markets(self, rest: Rest) -> dict[str, Market]:
        """All markets, asked for once a minute at most. Raises: VenueError."""
        with self._asking:
            now_ms = self._now_ms()
            if not self._markets or now_ms >= self._markets_until_ms:
                self._markets = rest.markets()
                self._markets_until_ms = now_ms + FACTS_KEPT_MS
            return self._markets

    def owner(self, rest: Rest, account_index: int) -> str:
        """Who owns an account, asked for once. Raises: VenueError."""
        with self._asking:
            found = self._owners.get(account_index)
            if found is None:
                found = self._owners[account_index] = rest.owner(account_index)
            return found

    # --- the socket ---------------------------------------------------------------------------------------------------

    def join(self, key_index: int, markets: Sequence[Market], listener: Listener) -> None:
        """A lane hears from now on; returns before anything is confirmed.

        Raises:
            ValueError: the lane has joined already.
        """
        lane = _Lane(listener, frozenset(market.index for market in markets))
        with self._changing:
            with self._routing:
                if key_index in self._lanes:
                    raise ValueError(f"the lane {key_index} has joined already")
                followed = self._followed_markets()
                self._lanes[key_index] = lane
                self.limiter.serve(len(self._lanes))
            if self._stream is None:
                config = self._config
                self._stream = AccountStream(
                    config, self.signer(config), self._clock, self._random, self._route, self._market_followed
                )
                self._stream.start(markets)
                return
            for index in lane.markets - followed:
                self._stream.follow(index)
        for index in lane.markets & followed:
            self._market_followed(index)

    def leave(self, key_index: int) -> None:
        """A lane hears nothing more once this returns, but is told before that its sends without an answer are unknown.

        The socket ends with the last lane.
        """
        with self._changing:
            stream = self._stream
            if key_index not in self._lanes or stream is None:
                return
            if len(self._lanes) == 1:
                stream.close()
                self._stream = None
            else:
                stream.give_up_sends(key_index)
            with self._routing:
                lane = self._lanes.pop(key_index)
                followed = self._followed_markets()
                self.limiter.serve(len(self._lanes))
            if self._lanes:
                for index in lane.markets - followed:
                    stream.leave(index)

    def is_connected(self, key_index: int) -> bool:
        """Whether all subscriptions that a lane needs are confirmed."""
        lane, stream = self._lanes.get(key_index), self._stream
        return lane is not None and stream is not None and self._hears(stream, lane)

    def send(self, transaction: SignedTransaction) -> bool:
        """Writes a transaction to the socket; as `AccountStream.send`."""
        stream = self._stream
        return stream is not None and stream.send(transaction)

    def top(self, market_index: int, depth: int) -> BookTop:
        """The best levels from memory; empty and not live where the market is not followed."""
        stream = self._stream
        return stream.top(market_index, depth) if stream is not None else BookTop((), (), is_live=False)

    @property
    def wire_errors(self) -> dict[str, int]:
        """Unreadable frames skipped so far, by source."""
        stream = self._stream
        return stream.wire_errors if stream is not None else {}

    def _look(self, _now_ns: int) -> None:
        """For the metrics, on their thread: reads only, and waits for nobody."""
        tally, account, stream = self.traffic.tally, self.traffic.account, self._stream
        if tally is None:
            return
        if stream is not None:
            tally.numbers.put("hedge_venue_socket_up", int(stream.is_connected), account)
            errors = sum(stream.wire_errors.values())
            tally.numbers.reach("hedge_venue_unreadable_frames_total", errors, account)

    # --- handing on, on the socket's thread ---------------------------------------------------------------------------

    def _route(self, event: VenueEvent) -> None:
        with self._routing:
            match event:
                case FillSeen(fill):
                    self._tell_market(fill.market_index, event)
                case OrderSeen(report):
                    self._tell_market(report.market_index, event)
                case PositionSeen(position):
                    self._tell_market(position.market_index, event)
                case SendAnswered(transaction):
                    self._tell_key(transaction.key_index, event)
                case TransactionSeen(seen) if seen.key_index in self._lanes:
                    self._tell_key(seen.key_index, event)
                case Connected():
                    self.traffic.connected()
                    for lane in tuple(self._lanes.values()):
                        self._tell_connected(lane)
                case _:
                    if isinstance(event, Disconnected):
                        self.traffic.lost()
                    for lane in tuple(self._lanes.values()):
                        if isinstance(event, Disconnected):
                            lane.is_told = False
                        lane.listener(event)

    def _tell_market(self, market_index: int, event: VenueEvent) -> None:
        for lane in tuple(self._lanes.values()):
            if market_index in lane.markets:
                lane.listener(event)

    def _tell_key(self, key_index: int, event: VenueEvent) -> None:
        lane = self._lanes.get(key_index)
        if lane is not None:
            lane.listener(event)

    def _market_followed(self, market_index: int) -> None:
        with self._routing:
            for lane in tuple(self._lanes.values()):
                if market_index in lane.markets:
                    self._tell_connected(lane)

    def _tell_connected(self, lane: _Lane) -> None:
        stream = self._stream
        if lane.is_told or stream is None or not self._hears(stream, lane):
            return
        is_first, lane.is_told, lane.was_told = not lane.was_told, True, True
        lane.listener(Connected(is_first))

    @staticmethod
    def _hears(stream: AccountStream, lane: _Lane) -> bool:
        return stream.is_connected and all(stream.is_following(index) for index in lane.markets)

    def _followed_markets(self) -> frozenset[int]:
        return frozenset(index for lane in self._lanes.values() for index in lane.markets)

    def _now_ms(self) -> int:
        return self._clock.monotonic_ns() // 1_000_000
