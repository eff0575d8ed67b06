"""What the Telegram bot shows and gives, made of what `hedge status`, `hedge pnl` and `hedge pause` are made of."""

import secrets
import threading

from hedge_strategy.alerts.reader import AlertSettings
from hedge_strategy.alerts.telegram_bot import Office, TelegramBot
from hedge_strategy.alerts.telegram_desk import Give, Shown
from hedge_strategy.cli.giving import wait_until_obeyed
from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.config.schema import Config
from hedge_strategy.console.obedience import is_obeyed, missing
from hedge_strategy.console.report import Beside, MarketStatus, read_report
from hedge_strategy.coordination.alert_board import AlertBoard
from hedge_strategy.coordination.commands import ALL_MARKETS, Action, Command
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.earned_today import earned_today

CODE_BYTES = 16
OBEYED_WITHIN_S = 15
FLATTENED_WITHIN_S = 60


def make_bot(
    config: Config,
    settings: AlertSettings,
    switchboard: Switchboard,
    board: AlertBoard,
    clock: Clock,
    acting: threading.Event,
) -> TelegramBot | None:
    """The bot; None where none is set up.

    Args:
        config: the settings.
        settings: of alerts.
        switchboard: Redis.
        board: of alerts.
        clock: time.
        acting: set while this alerter acts.
    """
    bot, token = settings.file.telegram, settings.token
    if bot is None or token is None:
        return None
    desk = OfficeDesk(config, switchboard, board, clock)
    return TelegramBot(bot, token, Office(desk.show, desk.give), clock, _new_code, acting)


class OfficeDesk:
    """Shows and gives. Safe to share between threads."""

    def __init__(self, config: Config, switchboard: Switchboard, board: AlertBoard, clock: Clock) -> None:
        self._config = config
        self._switchboard = switchboard
        self._board = board
        self._clock = clock

    def show(self, what: Shown) -> str:
        """In words. Raises: HedgeError: it cannot be read."""
        if what is Shown.PNL:
            return self._earned()
        if what is Shown.ALERTS:
            lines = [f"{one.severity}: {one.name} {one.market}: {one.text}" for one in self._board.standing()]
            return "\n".join(lines) or "no alert stands"
        now_ms = to_ms(self._clock.now_ns())
        report = read_report(self._switchboard, [], Beside(now_ms), self._config.symbols)
        words = _status if what is Shown.STATUS else _positions
        lines = [words(one) for one in report.markets]
        return "\n".join(lines) or "no process is alive and no A has ever run on this Redis"

    def give(self, wanted: Give) -> str:
        """Gives a command and says what became of it. Raises: HedgeError: it may or may not be given."""
        action, known = Action(wanted.order.value), self._known_markets()
        alike = [one for one in known if one.lower() == wanted.market.lower()]
        market = wanted.market if wanted.market in (ALL_MARKETS, *known) or not alike else alike[0]
        if known and market not in (ALL_MARKETS, *known):
            return (
                f"NOTHING was done: there is no market {wanted.market}; there are: {', '.join(known) or 'none'}, or all"
            )
        command = Command(action=action, market=market, reason=wanted.reason, sent_by=wanted.by)
        command_id = self._switchboard.commands.send(command)
        wait_s = FLATTENED_WITHIN_S if action is Action.FLATTEN else OBEYED_WITHIN_S
        lines = wait_until_obeyed(self._switchboard, command_id, market, wait_s, self._clock)
        if not lines:
            return "no process is alive; whoever starts will obey it" + (
                "; what is held is NOT closed: run hedge flatten" if action is Action.FLATTEN else ""
            )
        head = "done" if is_obeyed(lines) else "NOT done everywhere; who answers later will still obey"
        if absent := missing(self._switchboard.board.read(), known if market == ALL_MARKETS else (market,)):
            head += f"; NOT by the {', '.join(absent)}, not alive: what it holds and rests stays"
        told = [f"{one.market} {one.role}: {'' if one.is_done else 'NOT DONE: '}{one.outcome}" for one in lines]
        return "\n".join([head, *told])

    def _known_markets(self) -> tuple[str, ...]:
        """A word that was meant as the reason, or a symbol in small letters, is no market in which somebody obeys."""
        return tuple(dict.fromkeys([*self._config.symbols, *self._switchboard.known_markets()]))

    def _earned(self) -> str:
        today, problem = earned_today(self._config, to_ms(self._clock.now_ns()))
        if problem:
            return problem
        lines = [
            f"{market}: result {one.result}, fees {one.fees}, volume {one.volume}, {one.fills} fills"
            for market, one in today.items()
        ]
        return "\n".join(["since midnight UTC:", *lines]) if lines else "nothing was traded since midnight UTC"


def _new_code() -> str:
    return secrets.token_urlsafe(CODE_BYTES)


def _status(one: MarketStatus) -> str:
    line = f"{'ok' if one.ok else 'NOT OK'} {one.market}: A {one.maker['state']}, B {one.hedger['state']}"
    line += f", unhedged {one.unhedged if one.unhedged is not None else f'{one.unhedged_lots} lots'}"
    return "\n  ".join([line, *one.problems])


def _positions(one: MarketStatus) -> str:
    held = [
        f"{name} {where.size} (as {where.told_by} says, {where.age_ms // 1000} s ago)"
        if where is not None
        else f"{name} ?"
        for name, where in one.positions.items()
    ]
    return f"{one.market}: {', '.join(held)}, together {one.exposure if one.exposure is not None else '?'}"
