"""A's look at Redis: whether the hedger lives and what the user wants. And what A says of itself there: where it stands
and what became of the user's commands.

What cannot be said now is said at a later look. Belongs to one thread.

A pause outlives Redis and this process: the newest command is kept on disk, holds where Redis knows of none, and is
ended by no older resume that a Redis without its last changes may show again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.commands import (
    Acknowledgement,
    Action,
    Commands,
    SentCommand,
    asking_standing,
    newest_standing,
)
from hedge_strategy.coordination.disk import DiskRecord, KeptCommand
from hedge_strategy.coordination.lease import asking_owner, owner_of
from hedge_strategy.coordination.presence import HedgerPresence, HedgerState, Presence, hedger_of_notice
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.errors import CoordinationError, DiskFailed, InvariantBroken, WireError
from hedge_strategy.hosting.pace import spaced_ms
from hedge_strategy.maker.events import Acknowledge, CoordinationSeen, StandingCommand
from hedge_strategy.maker.record import CheckpointRecord

SAY_INTERVAL_MS = 1_000
SAY_LONGEST_MS = 2_000
"""Among many markets; a state on the board lives for more than twice as long."""
UNSAID_MAX = 16
"""Answers to commands that wait for Redis; of more the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class Notices:
    """Where A looks, and where it says what others may know.

    Attributes:
        maker_account_index: A's own account: a hedger of another one's fills is none of A's.
        kept: the user's newest command, on disk.
    """

    maker_account_index: int
    trips: RoundTrips
    presence: Presence
    commands: Commands
    board: StatusBoard
    record: CheckpointRecord
    kept: DiskRecord[KeptCommand]


class Lookout:
    """One market's lookout.

    Args:
        notices: where to look.
        market: symbol.
        who: this run's name.
        clock: for the pace.
        markets: how many this process has.

    Raises:
        DiskFailed: what the user wanted last cannot be read.
        InvariantBroken: it is damaged.
    """

    def __init__(self, notices: Notices, market: str, who: str, clock: Clock, markets: int = 1) -> None:
        self._notices = notices
        self._market = market
        self._who = who
        self._clock = clock
        self._say_interval_ms = spaced_ms(SAY_INTERVAL_MS, SAY_LONGEST_MS, markets)
        kept = notices.kept.load()
        # What an A before this one flattened, or was about to, is not flattened again: what is held now may be new.
        self._known = None if kept is None else StandingCommand(kept.command_id, kept.wants_pause, kept.reason)
        self._is_from_disk = kept is not None
        self._passed_over = ""
        self._unsaid: dict[str, Acknowledge] = {}
        self._say_next_ms = 0
        self._is_mute = False
        self._log = structlog.get_logger("maker.lookout", market=market)

    def look(self, may_be_filled: bool) -> CoordinationSeen:
        """Looks, and says whether an order of A's may be on the book."""
        notices = self._notices
        questions = (
            asking_owner(self._market),
            notices.presence.asking_hedger(),
            notices.presence.telling_maker(may_be_filled),
            asking_standing([self._market]),
        )
        try:
            answers = notices.trips.ask_all(questions)
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
            held, told, _, commands = answers
            owner, hedger = owner_of(held), hedger_of_notice(told)
            command = self._standing(newest_standing(commands))
        except (CoordinationError, InvariantBroken, WireError) as error:
            return CoordinationSeen(None, is_draining=False, problem=str(error))
        is_leaving = hedger is not None and hedger.state is not HedgerState.HEDGING
        known = owner if owner is not None and self._is_told_by(hedger, owner) else None
        return CoordinationSeen(known, is_leaving, problem=None, command=command)

    def _is_told_by(self, hedger: HedgerPresence | None, owner: str) -> bool:
        """Whether the owner has said where it stands, and hedges A's fills. A notice of the owner before it, which may
        outlive that one by seconds, says nothing of the new one, which may be counting its ledger still."""
        if hedger is None or hedger.maker_account_index != self._notices.maker_account_index:
            return False
        return hedger.who in ("", owner)

    def acknowledge(self, said: Acknowledge) -> None:
        """Has it said what became of a command; of one command only the newest counts."""
        self._unsaid.pop(said.command_id, None)
        self._unsaid[said.command_id] = said
        for oldest in tuple(self._unsaid)[:-UNSAID_MAX]:
            del self._unsaid[oldest]

    def say(self, state: Callable[[], dict[str, Any]]) -> None:
        """Says what there is to say, and puts back what Redis has forgotten; the state once a second, or
        two where there are many markets.

        Args:
            state: where A stands, for JSON.
        """
        now_ms = to_ms(self._clock.monotonic_ns())
        try:
            for said in tuple(self._unsaid.values()):
                self._acknowledge(said)
                del self._unsaid[said.command_id]
            if now_ms >= self._say_next_ms:
                self._notices.board.write(self._who, {"role": "maker", "market": self._market, **state()})
                self._say_next_ms = now_ms + self._say_interval_ms
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

    def _standing(self, sent: SentCommand | None) -> StandingCommand | None:
        """A flatten that an A before this one has carried out is not carried out again: what is held now is new."""
        known, is_from_disk = self._known, self._is_from_disk
        if sent is None or (known is not None and known.command_id == sent.command_id and not is_from_disk):
            return known
        command = sent.command
        if known is not None and command.action is Action.RESUME and _is_older(sent.command_id, known.command_id):
            if sent.command_id != self._passed_over:
                self._passed_over = sent.command_id
                self._log.warning("an older resume in Redis does not end the pause", pause=known.command_id)
            return known
        is_flatten = command.action is Action.FLATTEN
        words = f"{'flattened' if is_flatten else 'paused'} by {command.sent_by or 'the user'}"
        reason = f"{words}: {command.reason}" if command.reason else words
        said = self._notices.commands.acknowledgements(sent.command_id) if is_flatten else ()
        was_done = any(one.is_done and (one.role, one.market) == ("maker", self._market) for one in said)
        wants_pause = command.action is not Action.RESUME
        self._known = StandingCommand(sent.command_id, wants_pause, reason, wants_flat=is_flatten and not was_done)
        self._is_from_disk = False
        self._keep(self._known)
        return self._known

    def _keep(self, command: StandingCommand) -> None:
        kept = KeptCommand(command_id=command.command_id, wants_pause=command.wants_pause, reason=command.reason)
        try:
            self._notices.kept.save(kept)
        except DiskFailed as error:
            self._log.error("the command is not on disk; it does not outlive this process and Redis", reason=str(error))


def _is_older(one: str, other: str) -> bool:
    """Whether a command was given before another: ids grow."""
    return tuple(map(int, one.split("-"))) < tuple(map(int, other.split("-")))
