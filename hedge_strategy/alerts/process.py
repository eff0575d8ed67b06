"""The alerter: looks, judges, says and acts, round after round, until it is asked to stop.

- One alerter acts, others wait (`coordination/alert_memory`); the next one takes up each alert as it stands.
- Redis away: it goes on with what it knows and says so by its channels; what was to be put up or done is put up and
  done when Redis is back, as long as the alert stands. Redis has forgotten: all that stands is put up again.
- Whatever is slow (channels, venues, the journal) is on threads of others. A round waits for Redis alone, and for that
  no longer than its time-out.

Threads: this one; one for each channel; one for each slow reading; one for Telegram.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from hedge_strategy.alerts import machine
from hedge_strategy.alerts.actions import Actions, Wanted
from hedge_strategy.alerts.channel import message_of
from hedge_strategy.alerts.conditions import Source, is_of_no_market
from hedge_strategy.alerts.delivery import Deliveries, Outcome
from hedge_strategy.alerts.guard import Guard
from hedge_strategy.alerts.judging import judge, windows_ms
from hedge_strategy.alerts.machine import IDLE, Phase, Say, Standing
from hedge_strategy.alerts.meter import AlerterMeter
from hedge_strategy.alerts.rules import Action, AlertFile, Rule
from hedge_strategy.alerts.snapshot import History, Snapshot
from hedge_strategy.alerts.watch import Watch
from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.alert_board import EVERYWHERE, NOTICES_KEPT, AlertBoard, AlertNotice, Delivery
from hedge_strategy.coordination.alert_memory import AlertMemory
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.domain.alert import AlertState, AlertType, Severity
from hedge_strategy.errors import CoordinationError, InvariantBroken, StaleOwner, WireError

ROLE = "alerter"
LAST_WORDS_S = 5.0
"""How long messages that wait may still go out when it is asked to stop."""
WATCH_NAME = "watch"
REASON_MAX = 1_000
REFUSED_SHOWN = 20
_log = structlog.get_logger("alerts")


@dataclass(frozen=True, slots=True)
class AlerterParts:
    """What the alerter is made of.

    Attributes:
        watch: sees.
        memory: remembers.
        board: where notices are put up.
        status: where it says that it lives.
        actions: gives commands.
        deliveries: sends messages.
        beside: what runs on threads of its own as long as the alerter does: told when to stop.
        acting: set while this alerter is the one that acts.
        meter: told what it says of itself; None: nobody wants to know.
    """

    watch: Watch
    memory: AlertMemory
    board: AlertBoard
    status: StatusBoard
    actions: Actions
    deliveries: Deliveries
    beside: Sequence[Callable[[threading.Event], None]] = ()
    acting: threading.Event = field(default_factory=threading.Event)
    meter: AlerterMeter | None = None


class _Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What the watch has to know again after a restart."""

    epochs: dict[str, str] = {}
    rebuilt: dict[str, int] = {}


@dataclass
class _Knowledge:
    """How all rules stand, and what is not in Redis yet."""

    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)
    unsaved: dict[str, bytes] = field(default_factory=dict)
    unput: deque[AlertNotice] = field(default_factory=lambda: deque(maxlen=NOTICES_KEPT))
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    undelivered: dict[str, Delivery] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)


class Alerter:
    """The process.

    Args:
        file: the rules.
        parts: what it is made of.
        who: name of this run.
        clock: time.
        every_ms: between two rounds.
    """

    def __init__(self, file: AlertFile, parts: AlerterParts, who: str, clock: Clock, every_ms: int = 1_000) -> None:
        self._rules = {rule.name: rule for rule in file.rules}
        self._file = file
        self._parts = parts
        self._who = who
        self._clock = clock
        self._every_s = every_ms / 1000
        self._stop = threading.Event()
        self._history = History(windows_ms(rule.condition for rule in file.rules))
        self._known = _Knowledge()
        self._is_keeper = False
        self._has_kept = False
        self._has_saved = False
        self._has_looked = False
        self._is_redis_away = False
        self._guard = Guard(parts.deliveries)

    def ask_to_stop(self) -> None:
        """Asks; returns at once."""
        self._stop.set()

    def run(self) -> int:
        """Runs to the end and returns the exit code."""
        self._parts.deliveries.start()
        threads = [threading.Thread(target=body, args=(self._stop,), daemon=True) for body in self._parts.beside]
        for thread in threads:
            thread.start()
        _log.info("looks after the rules", rules=len(self._rules), channels=len(self._parts.deliveries.channels))
        while not self._stop.is_set():
            self._guard.keep(self.round)
            self._stop.wait(self._every_s)
        self._parts.deliveries.stop(LAST_WORDS_S, self._clock)
        self._note_outcomes(self._parts.deliveries.sweep())
        self._leave()
        for thread in threads:
            thread.join(LAST_WORDS_S)
        return 0

    def round(self) -> None:
        """Looks, judges, says and acts once."""
        now_ms = to_ms(self._clock.now_ns())
        self._hold(now_ms)
        if self._is_keeper:
            self._parts.acting.set()
        else:
            self._parts.acting.clear()
        snapshot = self._parts.watch.look(now_ms)
        self._history.add(snapshot)
        if self._is_keeper:
            self._judge_all(snapshot)
            self._act(snapshot)
        self._note_outcomes(self._parts.deliveries.sweep())
        self._write(now_ms, snapshot)

    # --- who acts -----------------------------------------------------------------------------------------------------

    def _hold(self, now_ms: int) -> None:
        """Becomes or stays the one that acts; while Redis does not answer it stays what it is, and at first it acts."""
        try:
            hold = self._parts.memory.hold()
            if not hold.is_mine:
                self._is_keeper = self._has_kept = self._has_saved = False
                self._known = _Knowledge()
                return
            if not self._has_kept:
                self._take_up()
            elif self._has_saved and not hold.is_remembered:
                self._say_all_again(now_ms)
            self._is_keeper = True
        except (CoordinationError, InvariantBroken, WireError):
            self._is_keeper = self._is_keeper or not self._has_looked
        self._has_looked = True

    def _take_up(self) -> None:
        """Goes on where another alerter, or this one before it was cut off, has ended."""
        for name, content in self._parts.memory.load().items():
            if name == WATCH_NAME:
                self._remember_watch(content)
                continue
            rule, _, market = name.partition("|")
            here = self._known.standings.get((rule, market), IDLE)
            if here.phase is not Phase.FIRING:  # what fires here began while Redis did not answer
                self._known.standings[rule, market] = _standing(content)
        self._has_kept = True
        _log.info("this alerter acts", firing=self._firing())
        self._end_those_without_a_rule()

    def _say_all_again(self, now_ms: int) -> None:
        """Redis has lost its data."""
        _log.warning("Redis has lost what the alerter had put there; it is put there again")
        self._parts.watch.forgot_at_ms = now_ms
        for (rule, market), standing in self._known.standings.items():
            self._keep(rule, market, standing)
            if standing.phase is Phase.FIRING and rule in self._rules:
                say = Say(AlertState.FIRING, standing.text, standing.since_ms)
                self._known.unput.append(self._notice(self._rules[rule], market, say, standing))

    def _end_those_without_a_rule(self) -> None:
        for (name, market), standing in list(self._known.standings.items()):
            if name in self._rules and _is_for(self._rules[name], market):
                continue
            if standing.phase is Phase.FIRING:
                self._known.unput.append(_withdrawn(name, market, standing, to_ms(self._clock.now_ns())))
            self._known.unsaved[f"{name}|{market}"] = b""
            del self._known.standings[name, market]

    def _remember_watch(self, content: bytes) -> None:
        try:
            remembered = msgspec.json.decode(content, type=_Remembered)
        except (msgspec.MsgspecError, ValueError) as error:
            _log.warning("what was remembered cannot be read", reason=str(error))
            return
        for symbol, epoch in remembered.epochs.items():
            self._parts.watch.epochs.setdefault(symbol, epoch)
        for symbol, at_ms in remembered.rebuilt.items():
            self._parts.watch.rebuilt.setdefault(symbol, at_ms)

    # --- what is judged -----------------------------------------------------------------------------------------------

    def _judge_all(self, snapshot: Snapshot) -> None:
        for rule in self._rules.values():
            for market in self._markets_of(rule, snapshot):
                standing = self._known.standings.get((rule.name, market), IDLE)
                is_firing = standing.phase is Phase.FIRING
                verdict = judge(rule.condition, market, self._history, is_firing=is_firing)
                after, said = machine.step(rule, standing, verdict, snapshot.at_ms)
                if after != standing:
                    self._keep(rule.name, market, after)
                for say in said:
                    self._say(rule, market, say, after if say.state is AlertState.FIRING else standing)

    def _markets_of(self, rule: Rule, snapshot: Snapshot) -> Sequence[str]:
        if is_of_no_market(rule.condition):
            return (EVERYWHERE,)
        if rule.markets is not None:
            return rule.markets
        stand = {market for name, market in self._known.standings if name == rule.name}
        return sorted(stand | set(snapshot.markets))

    def _keep(self, rule: str, market: str, standing: Standing) -> None:
        if standing.phase is Phase.IDLE and standing.due is None:
            self._known.standings.pop((rule, market), None)
            self._known.unsaved[f"{rule}|{market}"] = b""
            return
        self._known.standings[rule, market] = standing
        self._known.unsaved[f"{rule}|{market}"] = msgspec.json.encode(standing)

    def _say(self, rule: Rule, market: str, say: Say, standing: Standing) -> None:
        notice = self._notice(rule, market, say, standing)
        log = _log.info if say.state is AlertState.RESOLVED else _log.warning
        log("alert", rule=rule.name, market=market, state=say.state.value, text=say.text)
        if not say.is_again:
            self._known.unput.append(notice)
        if say.state is AlertState.FIRING or rule.says_resolved:
            message = message_of(notice, is_again=say.is_again)
            self._parts.deliveries.hand_over(self._file.channels_of(rule), notice.notice_id, message)

    def _notice(self, rule: Rule, market: str, say: Say, standing: Standing) -> AlertNotice:
        action = standing.due if say.state is AlertState.FIRING and not standing.done else standing.done
        return AlertNotice(
            name=rule.name,
            type=rule.type,
            severity=rule.severity,
            market=market,
            text=say.text,
            state=say.state,
            since_ms=say.since_ms,
            at_ms=to_ms(self._clock.now_ns()),
            action=action.value if action is not None else "",
        )

    # --- what is done -------------------------------------------------------------------------------------------------

    def _act(self, snapshot: Snapshot) -> None:
        for (name, market), standing in list(self._known.standings.items()):
            if standing.due is None or Source.REDIS in snapshot.problems:
                continue
            is_end = standing.phase is not Phase.FIRING
            wanted = Wanted(name, market, standing.since_ms, standing.due, standing.text, is_end)
            try:
                refusal = self._parts.actions.carry_out(wanted, tuple(snapshot.markets))
            except (CoordinationError, InvariantBroken, WireError) as error:
                _log.warning("an action could not be done, is tried again", rule=name, reason=str(error))
                return
            _log.warning("action", rule=name, market=market, action=standing.due.value, refused=refusal)
            self._known.refused.pop((name, market), None)
            if refusal:
                self._known.refused[name, market] = refusal
            self._keep(name, market, _done(standing, standing.due, is_end=is_end))

    # --- what is put into Redis ---------------------------------------------------------------------------------------

    def _note_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        known = self._known.deliveries
        for one in outcomes:
            before = known.pop(one.about, Delivery())
            taken = {*before.delivered, one.channel} if not one.problem else set(before.delivered)
            failed = {*before.failed, one.channel} - taken if one.problem else set(before.failed) - taken
            known[one.about] = Delivery(delivered=tuple(sorted(taken)), failed=tuple(sorted(failed)))
            self._known.undelivered[one.about] = known[one.about]
        for oldest in list(known)[:-NOTICES_KEPT]:
            known.pop(oldest, None)
            self._known.undelivered.pop(oldest, None)

    def _write(self, now_ms: int, snapshot: Snapshot) -> None:
        state = self._state(snapshot)
        if self._parts.meter is not None:
            self._parts.meter.told(state)
        try:
            self._parts.status.write(self._who, {"role": ROLE, "said_at_ms": now_ms, **state})
            if self._is_keeper:
                self._save()
        except StaleOwner as error:
            _log.warning("this alerter does not act any more", reason=str(error))
            self._is_keeper = False
        except (CoordinationError, InvariantBroken) as error:
            if not self._is_redis_away:
                _log.warning("Redis does not take what there is to say; it is said later", reason=str(error))
            self._is_redis_away = True
        else:
            self._is_redis_away = False

    def _save(self) -> None:
        watch = self._parts.watch
        seen = msgspec.json.encode(_Remembered(epochs=watch.epochs, rebuilt=watch.rebuilt))
        self._parts.memory.save({WATCH_NAME: seen, **self._known.unsaved})
        self._known.unsaved.clear()
        self._has_saved = True
        while self._known.unput:
            self._parts.board.put(self._known.unput[0])
            self._known.unput.popleft()
        for notice_id, delivery in list(self._known.undelivered.items()):
            self._parts.board.delivered(notice_id, delivery)
            del self._known.undelivered[notice_id]

    def _state(self, snapshot: Snapshot) -> dict[str, Any]:
        refused = list(self._known.refused.items())
        problems = "; ".join(f"{source}: {problem}" for source, problem in sorted(snapshot.problems.items()))
        return {
            "state": "watching" if self._is_keeper else "standby",
            "reason": problems[:REASON_MAX],
            "rules": len(self._rules),
            "firing": self._firing(),
            "failed_deliveries": sum(len(one.failed) for one in self._known.deliveries.values()),
            "refused": {f"{name} {market}".strip(): why for (name, market), why in refused[-REFUSED_SHOWN:]},
        }

    def _firing(self) -> int:
        return sum(one.phase is Phase.FIRING for one in self._known.standings.values())

    def _leave(self) -> None:
        try:
            if self._is_keeper:
                self._save()
            self._parts.memory.release()
            self._parts.status.remove(self._who)
        except (CoordinationError, InvariantBroken) as error:
            _log.warning("Redis does not take the last words", reason=str(error))


def _done(standing: Standing, action: Action, *, is_end: bool) -> Standing:
    return msgspec.structs.replace(standing, due=None) if is_end else machine.did(standing, action)


def _is_for(rule: Rule, market: str) -> bool:
    if is_of_no_market(rule.condition):
        return market == EVERYWHERE
    return market != EVERYWHERE and (rule.markets is None or market in rule.markets)


def _standing(content: bytes) -> Standing:
    """What cannot be read, of another version for one, begins anew."""
    try:
        return msgspec.json.decode(content, type=Standing)
    except (msgspec.MsgspecError, ValueError) as error:
        _log.warning("how a rule stood cannot be read; it begins anew", reason=str(error))
        return IDLE


def _withdrawn(name: str, market: str, standing: Standing, now_ms: int) -> AlertNotice:
    return AlertNotice(
        name=name,
        type=AlertType.SYSTEM,
        severity=Severity.INFO,
        market=market,
        text="the rule is not in the file any more",
        state=AlertState.RESOLVED,
        since_ms=standing.since_ms,
        at_ms=now_ms,
    )
