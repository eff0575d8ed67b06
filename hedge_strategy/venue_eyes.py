"""The console's own look at the venues: a socket to each account's, for positions, orders and books.

- It can read and nothing else: of a venue object only reading methods are called, so it signs nothing but the tokens
  that the account's channels take.
- After each connect every position is read once by REST, one account after the other, as slowly as the account's limits
  bear; from then on the socket tells. So it costs two requests a market for each connect, and none in between.
- What is known of a connection that is gone is shown with its age.

Known limit: as each process, it counts the venue's limit for itself alone.
"""

import threading
from collections.abc import Callable, Mapping, Sequence

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.console.report import Held
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.position import Position
from hedge_strategy.errors import HedgeError, RateLimited, UserError, VenueError
from hedge_strategy.venues.port import BookTop, Connected, Disconnected, OrderSeen, PositionSeen, Venue, VenueEvent

AGAIN_AFTER_MS = 5_000
ORDERS_MAX = 1_000
"""Resting orders that are remembered; A rests one a market."""


class AccountEye:
    """One account's venue.

    Args:
        name: A or B.
        venue: not started.
        clock: time.
    """

    def __init__(self, name: str, venue: Venue, clock: Clock) -> None:
        self.name = name
        self.problem = "not connected yet"
        self._venue = venue
        self._clock = clock
        self._markets: dict[int, Market] = {}
        self._positions: dict[int, str] = {}
        self._resting: dict[int, int] = {}
        self._gone_since_ms: int | None = None
        self._is_connected = False
        self._lacks = ""
        self._must_read = threading.Event()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read_until_stopped, name=f"console-eye-{name}", daemon=True)
        self._log = structlog.get_logger("console.eye", account=name)

    def start(self, symbols: Sequence[str]) -> None:
        """Looks the markets up and connects, in the background."""
        self._symbols = tuple(symbols)
        self._thread.start()

    def held(self) -> dict[tuple[str, str], Held]:
        """What is known of each market."""
        now_ms = to_ms(self._clock.monotonic_ns())
        with self._lock:
            age_ms = 0 if self._gone_since_ms is None else now_ms - self._gone_since_ms
            return {
                (self.name, market.symbol): Held(
                    size=self._positions[index],
                    told_by="venue",
                    age_ms=age_ms,
                    resting=sum(1 for where in self._resting.values() if where == index),
                )
                for index, market in self._markets.items()
                if index in self._positions
            }

    def book(self, symbol: str, depth: int) -> BookTop | None:
        """The best levels; None where the market is not followed."""
        market = next((one for one in tuple(self._markets.values()) if one.symbol == symbol), None)
        return None if market is None else self._venue.book(market, depth)

    def close(self) -> None:
        """Ends the connection."""
        self._stop.set()
        self._must_read.set()
        if self._thread.is_alive():
            self._thread.join()
        self._venue.close()

    def _hear(self, event: VenueEvent) -> None:
        match event:
            case PositionSeen(position):
                self._keep(position)
            case OrderSeen(report):
                with self._lock:
                    if report.status.is_final:
                        self._resting.pop(report.order_index, None)
                    elif len(self._resting) < ORDERS_MAX:
                        self._resting[report.order_index] = report.market_index
            case Connected():
                with self._lock:
                    self._is_connected = True
                self._must_read.set()
            case Disconnected(reason):
                with self._lock:
                    self._is_connected = False
                    self._resting.clear()
                    self._gone_since_ms = to_ms(self._clock.monotonic_ns())
                self.problem = f"the socket is down: {reason}"
            case _:
                pass

    def _keep(self, position: Position) -> None:
        with self._lock:
            self._positions[position.market_index] = f"{position.size:f}"

    def _read_until_stopped(self) -> None:
        if not self._open():
            return
        while not self._stop.is_set():
            self._must_read.wait()
            self._must_read.clear()
            if self._is_connected and not self._stop.is_set():
                self._read_all()

    def _open(self) -> bool:
        """Whether the markets were found and the socket was opened before the end."""
        while not self._stop.is_set():
            try:
                markets = self._found()
            except HedgeError as error:
                self._say(str(error))
                self._stop.wait(AGAIN_AFTER_MS / 1000)
                continue
            self._markets = {market.index: market for market in markets}
            self._venue.start(markets, self._hear)
            return True
        return False

    def _found(self) -> list[Market]:
        """The markets; one that the venue does not have, such as one of long ago in Redis, hides no other."""
        markets, unknown = [], []
        for symbol in self._symbols:
            try:
                markets.append(self._venue.load_market(symbol))
            except UserError:
                unknown.append(symbol)
        if unknown and not markets:
            raise UserError(f"the venue has no market {', '.join(unknown)}")
        self._lacks = f"the venue has no market {', '.join(unknown)}" if unknown else ""
        return markets

    def _read_all(self) -> None:
        """Every position once; one that a frame told meanwhile is newer than the answer."""
        for index, market in self._markets.items():
            with self._lock:
                self._positions.pop(index, None)
            while not self._stop.is_set() and self._is_connected:
                try:
                    read = self._venue.position(market)
                except VenueError as error:
                    self._say(str(error))
                    wait_ms = error.retry_after_ms if isinstance(error, RateLimited) else AGAIN_AFTER_MS
                    self._stop.wait(wait_ms / 1000)
                    continue
                with self._lock:
                    self._positions.setdefault(index, f"{read.size:f}")
                break
        with self._lock:
            if self._is_connected:
                self._gone_since_ms, self.problem = None, self._lacks

    def _say(self, problem: str) -> None:
        problem = " ".join(problem.split())
        if problem != self.problem:
            self._log.warning("the venue is not read", reason=problem)
        self.problem = problem


class BothEyes:
    """Both accounts' venues; opens them with the first markets that are wanted.

    Args:
        open_venue: makes the venue object of account A or B; touches no network.
        clock: time.
        markets_max: so many markets are followed.
    """

    def __init__(self, open_venue: Mapping[str, Callable[[], Venue]], clock: Clock, markets_max: int) -> None:
        self._open_venue = open_venue
        self._clock = clock
        self._markets_max = markets_max
        self._eyes: dict[str, AccountEye] = {}
        self._wanted: tuple[str, ...] = ()
        self._changing = threading.Lock()

    def follow(self, symbols: Sequence[str]) -> None:
        """These markets are wanted; where more are wanted than before, both connections are made anew."""
        wanted = tuple(symbols[: self._markets_max])
        with self._changing:
            if set(wanted) <= set(self._wanted):
                return
            self._close_all()
            self._wanted = wanted
            self._eyes = {name: AccountEye(name, make(), self._clock) for name, make in self._open_venue.items()}
            for eye in self._eyes.values():
                eye.start(wanted)

    def positions(self) -> dict[tuple[str, str], Held]:
        """What is known of both accounts."""
        found: dict[tuple[str, str], Held] = {}
        for eye in tuple(self._eyes.values()):
            found.update(eye.held())
        return found

    def book(self, symbol: str, depth: int) -> BookTop | None:
        """A's book; None where the market is not followed."""
        eye = self._eyes.get("A")
        return None if eye is None else eye.book(symbol, depth)

    def problem(self) -> str:
        """Why something is not known, in words; empty where all is."""
        return "; ".join(f"account {eye.name}: {eye.problem}" for eye in tuple(self._eyes.values()) if eye.problem)

    def close(self) -> None:
        """Ends both connections."""
        with self._changing:
            self._close_all()

    def _close_all(self) -> None:
        for eye in self._eyes.values():
            eye.close()
        self._eyes = {}
