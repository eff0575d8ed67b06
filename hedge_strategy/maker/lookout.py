"""A's look at Redis: whether the hedger lives and what the user wants. And what A says of itself there: where it stands
and what became of the user's commands.

What cannot be said now is said at a later look. Belongs to one thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.commands import Acknowledgement, Action, Commands, SentCommand
from hedge_strategy.coordination.lease import Leases
from hedge_strategy.coordination.presence import HedgerState, Presence
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.errors import CoordinationError, InvariantBroken, WireError
from hedge_strategy.maker.events import Acknowledge, CoordinationSeen, StandingCommand
from hedge_strategy.maker.record import CheckpointRecord

SAY_INTERVAL_MS = 1_000
UNSAID_MAX = 16
"""Answers to commands that wait for Redis; of more the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class Notices:
    """Where A looks, and where it says what others may know.

    Attributes:
        maker_account_index: A's own account: a hedger of another one's fills is none of A's.
    """

    maker_account_index: int
    leases: Leases
    presence: Presence
    commands: Commands
    board: StatusBoard
    record: CheckpointRecord


class Lookout:
    """One market's lookout.

    Args:
        notices: where to look.
        market: symbol.
        who: this run's name.
        clock: for the pace.
    """

    def __init__(self, notices: Notices, market: str, who: str, clock: Clock) -> None:
        self._notices = notices
        self._market = market
        self._who = who
        self._clock = clock
        self._unsaid: dict[str, Acknowledge] = {}
        self._say_next_ms = 0
        self._is_mute = False
        self._log = structlog.get_logger("maker.lookout", market=market)

    def look(self, may_be_filled: bool) -> CoordinationSeen:
        """Looks, and says whether an order of A's may be on the book."""
        notices = self._notices
        try:
            lease = notices.leases.read(self._market)
            hedger = notices.presence.hedger()
            notices.presence.tell_maker(may_be_filled)
            standing = notices.commands.standing(self._market)
        except (CoordinationError, InvariantBroken, WireError) as error:
            return CoordinationSeen(None, is_draining=False, problem=str(error))
        is_leaving = hedger is not None and hedger.state is not HedgerState.HEDGING
        is_ours = hedger is not None and hedger.maker_account_index == notices.maker_account_index
        owner = lease.owner if lease is not None and is_ours else None
        command = _standing(standing) if standing is not None else None
        return CoordinationSeen(owner, is_leaving, problem=None, command=command)

    def acknowledge(self, said: Acknowledge) -> None:
        """Has it said what became of a command; of one command only the newest counts."""
        self._unsaid.pop(said.command_id, None)
        self._unsaid[said.command_id] = said
        for oldest in tuple(self._unsaid)[:-UNSAID_MAX]:
            del self._unsaid[oldest]

    def say(self, state: Callable[[], dict[str, Any]]) -> None:
        """Says what there is to say, and puts back what Redis has forgotten; the state once a second.

        Args:
            state: where A stands, for JSON.
        """
        now_ms = to_ms(self._clock.monotonic_ns())
        try:
            for said in tuple(self._unsaid.values()):
                self._acknowledge(said)
                del self._unsaid[said.command_id]
            if now_ms >= self._say_next_ms:
                self._say_next_ms = now_ms + SAY_INTERVAL_MS
                self._notices.board.write(self._who, {"role": "maker", "market": self._market, **state()})
                self._notices.record.put_back()
        except CoordinationError as error:
            if not self._is_mute:
                self._log.warning("Redis does not take what there is to say; it is said later", reason=str(error))
            self._is_mute = True
        else:
            self._is_mute = False

    def leave(self) -> None:
        """Takes this process off the board; where Redis does not answer, it goes by itself."""
        try:
            self._notices.board.remove(self._who)
        except CoordinationError as error:
            self._log.warning("not taken off the status board", reason=str(error))

    def _acknowledge(self, said: Acknowledge) -> None:
        at_ms = to_ms(self._clock.now_ns())
        answer = Acknowledgement(
            who=self._who,
            at_ms=at_ms,
            outcome=said.outcome,
            is_done=said.is_done,
            role="maker",
            market=self._market,
        )
        self._notices.commands.acknowledge(said.command_id, answer)


def _standing(sent: SentCommand) -> StandingCommand:
    command = sent.command
    words = f"{'flattened' if command.action is Action.FLATTEN else 'paused'} by {command.sent_by or 'the user'}"
    reason = f"{words}: {command.reason}" if command.reason else words
    return StandingCommand(sent.command_id, command.action is not Action.RESUME, reason)
