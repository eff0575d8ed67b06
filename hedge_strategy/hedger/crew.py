"""The threads that all markets of one process share, so that a hundred markets need hardly more of them than one.

    listener    hears Redis' channels: a fill is claimed, signed if it was not yet, stored and sent there, in place
    beat        looks after every market's machine, each at its own pace; never waits
    rounds      asks and tells Redis for all markets at once, a few times a second
    workers     take the venue's events, commands and whatever else may wait for Redis, one market's one at a time
    look-ups    ask the venue by REST
    signers     sign ahead

Whatever may take long has a thread of its own while it does, up to a bound, so that a market that stands still stops no
other. Threads come with the first market and go with the last.
"""

import threading
from dataclasses import dataclass

from hedge_strategy.clock import Clock
from hedge_strategy.coordination.listener import Listening
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.coordination.shared_channels import ChannelServers
from hedge_strategy.hedger.beat import Beat
from hedge_strategy.hedger.orders_from_the_user import UserChannel, UserDesk, UserTies
from hedge_strategy.hedger.rounds import Rounds
from hedge_strategy.hedger.workers import Workers

WORKERS_MAX = 64
"""Markets that may wait for Redis at one time and keep no other from being served."""
LOOK_UPS_AT_ONCE = 16
"""Markets whose look-ups may be stuck on the venue at one time, likewise."""


@dataclass(frozen=True, slots=True)
class CrewRedis:
    """The ways to Redis.

    Attributes:
        trips: for many questions at a time.
        channels: for what is published.
        user: where commands come from, and the status board.
    """

    trips: RoundTrips
    channels: ChannelServers
    user: UserChannel


class Crew:
    """One process' shared threads.

    Args:
        redis: the ways to Redis.
        clock: time.
        signing_threads: how many threads sign ahead; 0: nobody does.
    """

    def __init__(self, redis: CrewRedis, clock: Clock, signing_threads: int = 0) -> None:
        self.user = redis.user
        self.listening = Listening(redis.channels, clock)
        self.beat = Beat(clock)
        self.workers = Workers("hedger-worker", WORKERS_MAX)
        self.look_ups = Workers("hedger-look-up", LOOK_UPS_AT_ONCE)
        self.signers = Workers("hedger-signing", max(1, signing_threads), kept=signing_threads)
        self.rounds = Rounds(redis.trips, clock, self.workers)
        self._desk = UserDesk(redis.user, self.workers)
        self._lock = threading.Lock()

    def serve_user(self, ties: UserTies) -> None:
        """A market obeys the user's commands from now on, and stands on the board."""
        with self._lock:
            is_first = self._desk.is_empty
            self._desk.join(ties)
            if is_first:
                self.rounds.join(self._desk, self._desk.wants, self._desk.mistake)

    def leave_user(self, market: str) -> None:
        """The end of it; what is still to be said is said first."""
        self._desk.leave(market)
        with self._lock:
            if self._desk.is_empty:
                self.rounds.leave(self._desk)
