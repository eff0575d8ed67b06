"""The user's standing command, as A obeys it: paused until it is resumed, and each command answered for. Pure.

A pause holds until a resume is seen. A Redis that has forgotten the command does not end it; a restart of A meanwhile
does.
"""

from hedge_strategy.maker.events import Acknowledge, Command, StandingCommand


class Pause:
    """State of the user's command; the machine owns it."""

    def __init__(self) -> None:
        self._command: StandingCommand | None = None
        self._answered: bool | None = None

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
        self._command, self._answered = command, None
        return True

    def answer(self, *, may_be_filled: bool) -> tuple[Command, ...]:
        """What there is to say of the command that has not been said."""
        if self._command is None or self._answered:
            return ()
        is_done = not (self._command.wants_pause and may_be_filled)
        if is_done is self._answered:
            return ()
        self._answered = is_done
        outcome = "quotes again as soon as it may" if not self._command.wants_pause else "paused, nothing rests"
        return (Acknowledge(self._command.command_id, outcome if is_done else "cancelling", is_done),)
