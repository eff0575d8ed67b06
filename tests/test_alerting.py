"""The alerter built from the settings: on an exchange, a Redis and a journal of its own, to a service on a socket."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hedge_strategy.alerting import alerts_path, check_sources, make_alerter, warnings_of
from hedge_strategy.alerts.reader import AlertSettings, parse_alerts
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.alerting import Alerting
from hedge_strategy.coordination.alert_board import AlertBoard
from hedge_strategy.coordination.connection import connect
from hedge_strategy.errors import ConfigError, UserError
from hedge_strategy.journaling import open_journal, read_books_once
from tests.alerts.listener import listening
from tests.cli.journal_scene import JournalScene, journal_scene
from tests.polling import wait_until

RULES = """
channels: [{{name: ops, url: 'json://127.0.0.1:{port}'}}]
money_every_s: 1
prices_every_s: 1
rules:
  - {{name: loss, type: risk, severity: critical, condition: {{kind: daily_loss, above: 0.05}}, action: freeze}}
  - {{name: dear, type: risk, severity: warning, condition: {{kind: single_loss, above: 0.01, window_s: 86400}}}}
  - {{name: price, type: market, severity: info, condition: {{kind: price_breakout, below: 99500}}}}
  - {{name: high, type: market, severity: info, condition: {{kind: price_breakout, above: 150000}}}}
"""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[JournalScene]:
    with journal_scene(tmp_path) as made:
        yield made


def settings(port: int) -> AlertSettings:
    return parse_alerts(RULES.format(port=port), {})


def test_money_and_prices_become_alerts_and_an_action(scene: JournalScene) -> None:
    clock = SystemClock()
    scene.begin()
    scene.fill_and_hedge()
    store = open_journal(scene.config, must_exist=False)
    read_books_once(scene.config, [], clock, store, lambda _: None)
    store.close()
    quick = msgspec.structs.replace(scene.config, alerts=Alerting(poll_ms=50))
    with listening() as service, connect(scene.redis.settings) as client:
        alerter = make_alerter(quick, settings(service.port), clock)
        thread = threading.Thread(target=alerter.run)
        thread.start()
        expected = {"[CRITICAL] loss", "[WARNING] dear BTC", "[INFO] price BTC"}
        try:
            wait_until(lambda: {body["title"] for body in service.bodies} == expected, "the messages")
            wait_until(lambda: client.hget("hedge:{commands}:standing", "*"), "the command")
        finally:
            alerter.ask_to_stop()
            thread.join(20)
        assert not thread.is_alive()
        assert {one.name for one in AlertBoard(client).standing()} == {"loss", "dear", "price"}
        assert b"(freeze)" in (client.hget("hedge:{commands}:standing", "*") or b"")


def test_what_a_rule_needs_must_be_there(scene: JournalScene) -> None:
    file = settings(1).file
    with pytest.raises(ConfigError, match=r"rules\[0\].condition: loss needs the trade journal"):
        check_sources(scene.config, file)
    check_sources(scene.config, msgspec.structs.replace(file, rules=file.rules[2:]))
    other = parse_alerts("price_sources: [{name: x, venue: nowhere, base_url: 'http://x'}]", {}).file
    with pytest.raises(ConfigError, match=r"price_sources\[0\].venue"):
        check_sources(scene.config, other)


def test_what_is_hardly_meant_is_said(scene: JournalScene) -> None:
    text = (
        "rules: [{name: spread, type: market, severity: info, condition: {kind: price_spread, above: 0.1}}, "
        "{name: here, type: risk, severity: info, condition: {kind: paused}, markets: [NONE]}]"
    )
    said = warnings_of(scene.config, parse_alerts(text, {}).file)
    assert any("on one venue" in one for one in said)
    assert any("no channel takes it" in one for one in said)


def test_the_file_is_the_one_that_is_named(scene: JournalScene) -> None:
    assert alerts_path(scene.config, Path("x.yaml")) == Path("x.yaml")
    with pytest.raises(UserError, match="--rules"):
        alerts_path(scene.config, None)
    named = msgspec.structs.replace(scene.config, alerts=Alerting(file="y.yaml"))
    assert alerts_path(named, None) == Path("y.yaml")
