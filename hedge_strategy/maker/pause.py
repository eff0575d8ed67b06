"""The user's standing command, as A obeys it: paused until it is resumed, flat if that is wanted, and each command
answered for. Pure.

A pause holds until a resume is seen: a Redis that has forgotten the command does not end it, nor does a restart of A,
since `lookout` keeps the command on disk. A position is closed once per command, when nothing can be filled any more
and the last fills are hedged, or have been waited for long enough; what could not be closed is said, and closed by the
next such command.
"""

from hedge_strategy.maker.events import Acknowledge, ClosePosition, Command, PositionClosed, StandingCommand

HEDGES_WAIT_MS = 10_000
"""How long the last hedges are waited for, once nothing rests, before the position is closed without them."""


class Pause:
    """State of the user's command; the machine owns it."""

    def __init__(self) -> None:
        self._command: StandingCommand | None = None
        self._said: tuple[str, bool] | None = None
        self._nothing_rests_since_ms: int | None = None
        self._is_closing = False
        self._closed: PositionClosed | None = None

    @property
    def is_commanded(self) -> bool:
        """Whether the user has ever commanded anything."""
        return self._command is not None

    @property
    def reason(self) -> str | None:
        """Why A is paused, None where it is not."""
        return self._command.reason if self._command is not None and self._command.wants_pause else None

    def seen(self, command: StandingCommand | None) -> bool:
        """Takes in the newest command; None: Redis knows of none.

        Returns:
            Whether it is one that was not known.
        """
        if command is None or (self._command is not None and command.command_id == self._command.command_id):
            return False
        self._command, self._said, self._nothing_rests_since_ms = command, None, None
        self._is_closing, self._closed = False, None
        return True

    def closed(self, event: PositionClosed) -> None:
        """Takes in what became of closing the position."""
        if self._command is not None and event.command_id == self._command.command_id:
            self._closed = event

    def answer(self, *, may_be_filled: bool, is_hedged: bool, now_ms: int) -> tuple[Command, ...]:
        """What there is to do about the command, and to say of it that has not been said.

        Args:
            may_be_filled: an order may rest, or a fill is not published.
            is_hedged: no hedge is awaited.
            now_ms: unix ms.
        """
        command = self._command
        if command is None:
            return ()
        if not command.wants_pause:
            return self._say("quotes again as soon as it may", is_done=True)
        if self._closed is not None:
            return self._say(f"nothing rests, {self._closed.outcome}", is_done=self._closed.is_flat)
        if may_be_filled and not self._is_closing:
            self._nothing_rests_since_ms = None
            return self._say("cancelling", is_done=False)
        if not command.wants_flat:
            return self._say("paused, nothing rests", is_done=True)
        if self._is_closing:
            return ()
        if self._nothing_rests_since_ms is None:
            self._nothing_rests_since_ms = now_ms
        if not is_hedged and now_ms - self._nothing_rests_since_ms < HEDGES_WAIT_MS:
            return self._say("nothing rests, waiting for the last hedges", is_done=False)
        self._is_closing = True
        return (ClosePosition(command.command_id), *self._say("nothing rests, closing the position", is_done=False))

    def _say(self, outcome: str, *, is_done: bool) -> tuple[Command, ...]:
        if self._command is None or self._said == (outcome, is_done):
            return ()
        self._said = (outcome, is_done)
        return (Acknowledge(self._command.command_id, outcome, is_done),)
