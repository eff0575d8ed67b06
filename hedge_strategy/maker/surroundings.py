"""What the last events said of socket, Redis, hedger and user, and why A does not quote in these surroundings. Pure."""

from dataclasses import dataclass, field

from hedge_strategy.maker.events import CoordinationSeen, HedgeTold
from hedge_strategy.maker.pause import Pause


@dataclass(slots=True)
class Surroundings:
    """State of what is around A; the machine owns it.

    Attributes:
        is_connected: whether the venue's socket is up.
        hedger: name of the live owner of the market, None where there is none.
        is_draining: the owner is about to leave.
        redis_problem: why Redis could not be used last, None where it could.
        is_stopping: the process is to end.
        pause: what the user wants.
    """

    is_connected: bool = False
    hedger: str | None = None
    is_draining: bool = False
    redis_problem: str | None = "Redis has not been asked yet"
    is_stopping: bool = False
    pause: Pause = field(default_factory=Pause)
    _hedger_problem: str | None = None
    _troubled_hedger: str | None = None

    def coordination_seen(self, event: CoordinationSeen) -> bool:
        """Takes in what Redis says.

        Returns:
            Whether what rests must be cancelled.
        """
        self.hedger, self.is_draining, self.redis_problem = event.hedger, event.is_draining, event.problem
        is_another = event.hedger not in (None, self._troubled_hedger)
        is_resumed = self.pause.seen(event.command) and self.pause.reason is None
        if is_another or is_resumed:
            self._hedger_problem = self._troubled_hedger = None
        is_alone = event.problem is not None or event.hedger is None or event.is_draining
        return is_alone or self.pause.reason is not None

    def hedge_told(self, event: HedgeTold, *, was_awaited: bool) -> bool:
        """Takes in what B says of a hedge.

        Args:
            event: what it says.
            was_awaited: this ended the waiting for a hedge.

        Returns:
            Whether what rests must be cancelled.
        """
        if was_awaited:
            self._hedger_problem = None
        if event.problem is None:
            return False
        self._hedger_problem, self._troubled_hedger = event.problem, self.hedger
        return True

    def why_not(self) -> str | None:
        """Why nothing may rest, None where nothing is in the way; what is nearest to the user comes first."""
        if self.is_stopping:
            return "stopping"
        if self.pause.reason is not None:
            return self.pause.reason
        if not self.is_connected:
            return "the venue's socket is down"
        if self.redis_problem is not None:
            return f"Redis: {self.redis_problem}"
        if self.hedger is None:
            return "no hedger owns the market"
        if self.is_draining:
            return "the hedger is leaving"
        if self._hedger_problem is not None:
            return f"the hedger gave up: {self._hedger_problem}"
        return None
