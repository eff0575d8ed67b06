"""The alerter, round by round, on a real Redis: each condition fires once and is over once; actions are done once."""

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import redis

from hedge_strategy.alerts.conditions import AnyCondition
from hedge_strategy.alerts.delivery import Patience
from hedge_strategy.alerts.snapshot import HedgeSeen, MoneySeen
from hedge_strategy.coordination import commands as cm
from hedge_strategy.coordination.commands import Command
from hedge_strategy.coordination.connection import connect
from hedge_strategy.domain.alert import (
    AlertState,
)
from tests.alerts.scene import RecordingSender, Scene, rule
from tests.polling import wait_until
from tests.redis_server import running_redis

Do = Callable[[Scene], None]


def _hedges(scene: Scene, cost: str, latency_ms: int) -> None:
    now_ms = scene.clock.now_ms
    hedges = tuple(HedgeSeen(now_ms + n, Decimal(cost), Decimal(latency_ms)) for n in range(6))
    scene.earned(MoneySeen(Decimal(0), ((0, Decimal(0)),), hedges))


def _result(scene: Scene, now: str) -> None:
    scene.earned(MoneySeen(Decimal(now), ((scene.clock.now_ms, Decimal(100)), (scene.clock.now_ms, Decimal(now)))))


CASES: dict[str, tuple[str, Do, Do]] = {
    "socket_lost": ("of: b", lambda s: s.hedger(is_connected=False), lambda s: s.hedger()),
    "api_failure_rate": (
        "above: 0.2, window_s: 20, min_calls: 10",
        lambda s: s.maker(api_calls={"ok": 60, "http_500": 40}),
        lambda s: s.maker(api_calls={"ok": 900, "http_500": 40}),
    ),
    "single_loss": ("above: 5, window_s: 60", lambda s: _hedges(s, "6", 1), lambda s: _hedges(s, "4", 1)),
    "failures_in_row": ("at_least: 3", lambda s: s.hedger(failures_in_row=3), lambda s: s.hedger()),
    "unhedged_too_long": ("longer_than_s: 5", lambda s: setattr(s, "lots", 7), lambda s: setattr(s, "lots", 0)),
    "daily_loss": ("above: 10", lambda s: _result(s, "-11"), lambda s: _result(s, "-2")),
    "drawdown": ("above: 30, of: each", lambda s: _result(s, "60"), lambda s: _result(s, "99")),
    "price_move": ("above: 0.05, window_s: 10", lambda s: s.price("106"), lambda s: s.price("106")),
    "price_breakout": ("above: 105, below: 90", lambda s: s.price("106"), lambda s: s.price("104")),
    "price_spread": ("above: 0.02", lambda s: s.price("103"), lambda s: s.price("100.5")),
    "hedger_missing": ("", lambda s: s.no_hedger(), lambda s: s.hedger()),
    "maker_missing": ("", lambda s: s.board.remove("maker-1"), lambda s: s.maker()),
    "ledger_rebuilt": ("window_s: 5", lambda s: s.hedger(epoch="two"), lambda s: s.hedger(epoch="two")),
    "latency_above": ("above_ms: 100, window_s: 30", lambda s: _hedges(s, "1", 150), lambda s: _hedges(s, "1", 20)),
    "paused": ("of: a", lambda s: s.maker(state="paused", reason="by ann"), lambda s: s.maker()),
    "source_lost": ("source: journal", lambda s: setattr(s.money, "problem", "late"), lambda s: _well(s)),
    "redis_forgot": ("window_s: 5", lambda s: s.client.flushall(), lambda s: s.all_well()),
}
"""By kind: the rest of the condition, what makes it hold, what ends it."""


def _well(scene: Scene) -> None:
    scene.money.problem = ""


@pytest.fixture
def make(real: redis.Redis) -> Iterator[Callable[..., Scene]]:
    made: list[Scene] = []

    def _make(text: str, **more: object) -> Scene:
        scene = Scene(real, text, **more)  # type: ignore[arg-type]
        made.append(scene)
        scene.all_well()
        scene.price("100")
        scene.price("100", "b")
        scene.earned(MoneySeen(Decimal(0), ((scene.clock.now_ms, Decimal(100)),)))
        return scene

    yield _make
    for scene in made:
        scene.end()


def test_every_condition_has_its_case() -> None:
    kinds = {kind.__struct_config__.tag for kind in AnyCondition.__args__}
    assert kinds == set(CASES)


@pytest.mark.parametrize("kind", CASES)
def test_each_condition_fires_once_and_is_over_once(make: Callable[..., Scene], kind: str) -> None:
    rest, begin, end = CASES[kind]
    scene = make(rule(f"kind: {kind}" + (f", {rest}" if rest else "")))
    scene.maker(api_calls={"ok": 0})
    scene.rounds(3)
    assert scene.titles() == [], "all is well"
    begin(scene)
    scene.rounds(12)
    market = "" if kind in ("daily_loss", "source_lost", "redis_forgot") else " BTC"
    fired, over = f"[CRITICAL] it{market}", f"[RESOLVED] it{market}"
    if kind not in ("price_move", "ledger_rebuilt", "redis_forgot"):  # they are over by themselves
        assert scene.titles() == [fired]
        (standing,) = scene.alert_board.standing()
        assert (standing.name, standing.market) == ("it", market.strip())
        assert standing.text.strip()
        end(scene)
    scene.rounds(60)
    assert scene.titles() == [fired, over], "said once each, and nothing flaps"
    assert scene.alert_board.standing() == ()
    told = scene.alert_board.recent()
    assert [one.notice.state for one in told] == [AlertState.RESOLVED, AlertState.FIRING]
    assert all(one.delivery.delivered == ("ops",) for one in told)


def test_a_figure_that_dances_around_its_limit_is_said_once(make: Callable[..., Scene]) -> None:
    scene = make(rule("kind: daily_loss, above: 10"))
    for result in ("-10.1", "-9.9", "-10.2", "-9.5") * 10:
        _result(scene, result)
        scene.rounds(1)
    assert scene.titles() == ["[CRITICAL] it"]


def test_what_passes_soon_is_not_said_and_what_stays_is_said_again(make: Callable[..., Scene]) -> None:
    scene = make(rule("kind: hedger_missing", "for_s: 10").replace("repeat_s: 0", "repeat_s: 60"))
    scene.no_hedger()
    scene.rounds(8)
    scene.hedger()
    scene.rounds(5)
    assert scene.titles() == []
    scene.no_hedger()
    scene.rounds(150)
    assert scene.titles() == ["[CRITICAL] it BTC", "[CRITICAL (still)] it BTC", "[CRITICAL (still)] it BTC"]
    assert len(scene.alert_board.recent()) == 1, "what is said again is no new notice"


@pytest.mark.parametrize("action", ["pause", "flatten", "freeze"])
def test_an_action_is_done_once_also_across_a_restart(make: Callable[..., Scene], action: str) -> None:
    scene = make(rule("kind: failures_in_row, at_least: 2", f"action: {action}"))
    scene.hedger(failures_in_row=2)
    scene.rounds(3)
    wanted = cm.Action.FLATTEN if action == "flatten" else cm.Action.PAUSE
    (command,) = scene.given()
    assert (command.action, command.market) == (wanted, "BTC")
    assert command.sent_by.startswith("alert rule it ")
    assert scene.alert_board.standing()[0].action == action
    scene.end()
    scene.begin()
    scene.rounds(5)
    assert len(scene.given()) == 1
    assert scene.titles() == ["[CRITICAL] it BTC"], "and it is said once"
    scene.hedger(failures_in_row=0)
    scene.rounds(20)
    scene.hedger(failures_in_row=5)
    scene.rounds(5)
    assert len(scene.given()) == 2, "the next firing is another one"


def test_a_crash_between_doing_and_remembering_does_nothing_twice(make: Callable[..., Scene]) -> None:
    scene = make(rule("kind: failures_in_row, at_least: 2", "action: pause"))
    scene.hedger(failures_in_row=2)
    scene.rounds(1)
    held = scene.client.hget("hedge:{alerts}:memory", "it|BTC")
    assert isinstance(held, bytes)
    before = held.replace(b'"due":null,"done":"pause"', b'"due":"pause","done":null')
    assert before != held
    scene.client.hset("hedge:{alerts}:memory", "it|BTC", before)
    scene.end()
    scene.begin()
    scene.rounds(3)
    assert len(scene.given()) == 1


def test_what_a_rule_paused_it_resumes_and_nothing_else(make: Callable[..., Scene]) -> None:
    scene = make(rule("kind: hedger_missing", "action: pause, resolved_action: resume, resolve_after_s: 2"))
    scene.no_hedger()
    scene.rounds(2)
    scene.hedger()
    scene.rounds(6)
    assert [one.action for one in scene.given()] == [cm.Action.PAUSE, cm.Action.RESUME]
    scene.no_hedger()
    scene.rounds(2)
    scene.commands.send(Command(action=cm.Action.PAUSE, market="BTC", sent_by="ann"))
    scene.hedger()
    scene.rounds(6)
    assert [one.action for one in scene.given()][2:] == [cm.Action.PAUSE, cm.Action.PAUSE], "ann's pause holds"


def test_a_channel_that_fails_is_said_on_the_board_and_holds_up_no_other(make: Callable[..., Scene]) -> None:
    text = rule("kind: hedger_missing").replace("}]\nrules", "}, {name: bad, url: 'json://localhost'}]\nrules")
    senders = {"ops": RecordingSender(), "bad": RecordingSender("the service is away")}
    scene = make(text, senders=senders)
    scene.patience = Patience(60, 0.01)
    scene.end()
    scene.begin()
    scene.no_hedger()
    scene.rounds(1)
    assert scene.titles() == ["[CRITICAL] it BTC"]
    wait_until(lambda: len(senders["bad"].sent) > 1, "another attempt")
    scene.rounds(70)
    scene.titles("bad")
    scene.rounds(1)
    (told,) = scene.alert_board.recent()
    assert (told.delivery.delivered, told.delivery.failed) == (("ops",), ("bad",))
    (alerter,) = [one for one in scene.board.read() if one.state["role"] == "alerter"]
    assert (alerter.state["state"], alerter.state["firing"], alerter.state["failed_deliveries"]) == ("watching", 1, 1)


def test_a_channel_that_hangs_delays_nothing(make: Callable[..., Scene]) -> None:
    class Hanging(RecordingSender):
        let_go = threading.Event()

        def send(self, message: object) -> str:
            self.let_go.wait(30)
            return ""

    text = rule("kind: hedger_missing", "action: pause").replace(
        "}]\nrules", "}, {name: stuck, url: 'json://localhost'}]\nrules"
    )
    stuck = Hanging()
    scene = make(text, senders={"stuck": stuck, "ops": RecordingSender()})
    scene.no_hedger()
    scene.rounds(1)
    scene.titles()
    scene.hedger()
    scene.rounds(15)
    assert scene.titles() == ["[CRITICAL] it BTC", "[RESOLVED] it BTC"]
    assert len(scene.given()) == 1
    stuck.let_go.set()


def test_flushall_is_said_and_everything_is_put_up_again(make: Callable[..., Scene]) -> None:
    scene = make(rule("kind: hedger_missing", "action: pause"))
    scene.no_hedger()
    scene.rounds(2)
    scene.client.flushall()
    scene.maker()
    scene.rounds(3)
    assert [one.name for one in scene.alert_board.standing()] == ["it"]
    assert scene.titles() == ["[CRITICAL] it BTC"], "not said anew"
    assert scene.given() == [], "nor done anew"
    scene.end()
    scene.begin()
    scene.rounds(3)
    assert scene.titles() == ["[CRITICAL] it BTC"]


def test_a_second_alerter_waits_and_takes_over_as_it_stands(make: Callable[..., Scene]) -> None:
    text = rule("kind: hedger_missing", "action: pause")
    first, second = make(text), make(text, who="alerter-2")
    first.no_hedger()
    for _ in range(3):
        first.rounds(1)
        second.rounds(1)
    assert (first.titles(), second.titles()) == (["[CRITICAL] it BTC"], [])
    assert [one.alerter._parts.acting.is_set() for one in (first, second)] == [True, False]
    first.alerter.ask_to_stop()
    first.alerter.run()
    second.rounds(2)
    second.hedger()
    second.rounds(15)
    assert second.titles() == ["[RESOLVED] it BTC"]
    assert second.alerter._parts.acting.is_set()
    assert len(second.given()) == 1


def test_a_rule_that_was_taken_out_stands_no_longer(make: Callable[..., Scene]) -> None:
    scene = make(rule("kind: hedger_missing"))
    scene.no_hedger()
    scene.rounds(2)
    scene.end()
    scene.file = make(rule("kind: paused", name="another")).file
    scene.begin()
    scene.rounds(2)
    assert scene.alert_board.standing() == ()
    assert scene.alert_board.recent(1)[0].notice.text == "the rule is not in the file any more"


def test_redis_away_is_said_by_channel_and_what_was_missed_is_done_when_it_is_back(tmp_path: Path) -> None:
    text = rule("kind: source_lost, source: redis", "resolve_after_s: 1")
    with running_redis(tmp_path, keeps_data=True) as server, connect(server.settings) as client:
        scene = Scene(client, text)
        scene.all_well()
        scene.rounds(2)
        server.kill()
        scene.rounds(2)
        assert scene.titles() == ["[CRITICAL] it"]
        server.start()
        wait_until(lambda: client.ping(), "Redis")
        scene.rounds(4)
        assert scene.titles() == ["[CRITICAL] it", "[RESOLVED] it"]
        assert [one.notice.state for one in scene.alert_board.recent()] == [AlertState.RESOLVED, AlertState.FIRING]
        scene.end()


def test_it_begins_its_work_also_where_redis_is_away(tmp_path: Path) -> None:
    with running_redis(tmp_path, keeps_data=True) as server, connect(server.settings) as client:
        scene = Scene(client, rule("kind: source_lost, source: redis", "resolve_after_s: 1"))
        server.kill()
        scene.rounds(1)
        assert scene.titles() == ["[CRITICAL] it"]
        server.start()
        scene.rounds(3)
        assert scene.titles() == ["[CRITICAL] it", "[RESOLVED] it"]
        assert len(scene.alert_board.recent()) == 2
        scene.end()


def test_what_no_symbol_is_ends_no_alerter(real: redis.Redis) -> None:
    scene = Scene(real, rule("kind: maker_missing"))
    try:
        scene.all_well()
        scene.board.write("x", {"role": "maker", "market": "BT{C}"})
        scene.rounds(2)
        scene.board.remove("maker-1")
        scene.rounds(2)
        assert scene.titles() == ["[CRITICAL] it BTC"]
    finally:
        scene.end()
