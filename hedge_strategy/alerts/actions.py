"""Carries out what a rule says should be done: by a command in Redis, as a person gives it, once per firing.

- A command names the rule and the firing that it is of (`sent_by`). Before it is given the log of commands is looked
  through for it, so that an alerter that was restarted between giving and remembering gives none twice.
- A rule resumes only what a rule has paused, never what a person has, and never a frozen market: a freeze is ended by a
  person's resume alone.

Known limit: where Redis has lost its data and the alerter was restarted at the same time, an action may be done again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hedge_strategy.alerts.rules import Action
from hedge_strategy.coordination import commands as cm
from hedge_strategy.coordination.commands import ALL_MARKETS, Command, Commands, SentCommand
from hedge_strategy.errors import WireError

SENDER = "alert rule "
FREEZE = " (freeze)"
REASON_MAX = 300
_COMMANDS = {
    Action.PAUSE: cm.Action.PAUSE,
    Action.FREEZE: cm.Action.PAUSE,
    Action.FLATTEN: cm.Action.FLATTEN,
    Action.RESUME: cm.Action.RESUME,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a rule wants done.

    Attributes:
        rule: its name.
        market: the symbol; empty for all markets.
        since_ms: of the firing.
        action: what.
        reason: what is seen, in words.
        is_end: the alert is over: what this rule has paused is resumed, if nothing else has paused it too.
    """

    rule: str
    market: str
    since_ms: int
    action: Action
    reason: str
    is_end: bool = False

    @property
    def sent_by(self) -> str:
        """Names the rule and the firing."""
        return f"{SENDER}{self.rule} {self.since_ms}" + (FREEZE if self.action is Action.FREEZE else "")


class Actions:
    """Gives the commands. Belongs to one thread.

    Args:
        commands: to be given.
    """

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def carry_out(self, wanted: Wanted, known_markets: Sequence[str] = ()) -> str:
        """Gives the command, unless it was given already, or may not be.

        Args:
            wanted: what a rule wants.
            known_markets: those that are looked at before all markets are resumed.

        Returns:
            Why it may not be done; empty where it is done.

        Raises:
            RedisUnavailable: it may or may not be given; calling again is harmless.
            WireError: the log of commands holds what is none, and a resume needs to be read there.
        """
        market = wanted.market or ALL_MARKETS
        try:
            log = self._commands.poll(market)
        except WireError:
            if wanted.action is Action.RESUME:
                raise  # whose pause it would end cannot be known
            log = ()  # to pause twice does less harm than not at all
        if any(one.command.sent_by == wanted.sent_by and _is_of(one, wanted, market) for one in log):
            return ""
        if wanted.action is Action.RESUME:
            for symbol in (market,) if wanted.market else known_markets:
                if why := why_not_resumed(self._commands.poll(symbol), wanted.rule if wanted.is_end else None):
                    return f"{symbol} is not resumed: {why}"
        reason = wanted.reason[:REASON_MAX]
        command = Command(action=_COMMANDS[wanted.action], market=market, reason=reason, sent_by=wanted.sent_by)
        self._commands.send(command)
        return ""


def why_not_resumed(log: Iterable[SentCommand], rule: str | None = None) -> str:
    """Why a rule may not resume a market; empty where it may.

    Args:
        log: the commands for the market, oldest first.
        rule: the only one whose pauses may be ended; None: those of any rule.
    """
    holding: list[Command] = []
    for one in log:
        if one.command.action is not cm.Action.RESUME:
            holding.append(one.command)
        elif is_of_a_rule(one.command):
            holding = [held for held in holding if held.sent_by.endswith(FREEZE)]
        else:
            holding = []
    if not holding:
        return "it is not paused"
    for held in holding:
        if not is_of_a_rule(held):
            return f"{held.sent_by or 'a person'} wants it to {held.action.value}"
        if held.sent_by.endswith(FREEZE) or held.action is cm.Action.FLATTEN:
            return f"{held.sent_by} wants it to {held.action.value} until a person resumes it"
        if rule is not None and not held.sent_by.startswith(f"{SENDER}{rule} "):
            return f"{held.sent_by} has paused it too"
    return ""


def is_of_a_rule(command: Command) -> bool:
    """Whether a rule gave it."""
    return command.sent_by.startswith(SENDER)


def _is_of(sent: SentCommand, wanted: Wanted, market: str) -> bool:
    return sent.command.action is _COMMANDS[wanted.action] and sent.command.market == market
