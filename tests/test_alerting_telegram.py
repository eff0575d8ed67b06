"""What the bot shows and gives, over a real Redis."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hedge_strategy.alerting_telegram import OfficeDesk
from hedge_strategy.alerts.telegram_desk import Give, Order, Shown
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import parse_config
from hedge_strategy.coordination.alert_board import AlertBoard
from hedge_strategy.coordination.commands import Acknowledgement, Action
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.earned_today import NO_JOURNAL
from hedge_strategy.inspection import open_switchboard
from tests.cli.settings_file import KEYS, TEXT
from tests.coordination.test_alert_board import FIRING
from tests.polling import wait_until
from tests.redis_server import running_redis

PAUSE = Give(Order.PAUSE, "BTC", "good night", "ann by Telegram")
MAKER = {"role": "maker", "market": "BTC", "state": "quoting", "is_connected": True, "position": "0.00030",
         "said_at_ms": SystemClock().now_ns() // 1_000_000}  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Iterator[tuple[OfficeDesk, Switchboard]]:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        text = TEXT.replace("port: 1}", f"port: {server.port}}}", 1) + f"state_dir: {tmp_path}\n"
        config = parse_config(text, KEYS)
        switchboard, board = open_switchboard(config), AlertBoard(client)
        board.put(FIRING)
        yield OfficeDesk(config, switchboard, board, SystemClock()), switchboard


def test_what_there_is_to_see_is_told_in_words(office: tuple[OfficeDesk, Switchboard]) -> None:
    desk, switchboard = office
    assert "no process is alive" in desk.show(Shown.STATUS)
    switchboard.board.write("maker-1", MAKER)
    assert desk.show(Shown.STATUS).startswith("NOT OK BTC: A quoting, B missing")
    assert "A 0.00030 (as A says" in desk.show(Shown.POSITIONS)
    assert desk.show(Shown.PNL) == NO_JOURNAL
    assert desk.show(Shown.ALERTS) == "critical: daily-loss BTC: größer als 10"


def test_an_order_is_a_command_and_who_obeyed_is_told(office: tuple[OfficeDesk, Switchboard]) -> None:
    desk, switchboard = office
    assert "no process is alive" in desk.give(PAUSE)
    switchboard.board.write("maker-1", MAKER)

    def obey() -> None:
        newest = wait_until(lambda: switchboard.commands.poll("BTC")[1:], "the command")[0]
        said = Acknowledgement(who="maker-1", at_ms=1, outcome="paused, nothing rests", role="maker", market="BTC")
        switchboard.commands.acknowledge(newest.command_id, said)

    thread = threading.Thread(target=obey)
    thread.start()
    head, line = desk.give(PAUSE).splitlines()
    assert head.startswith("done; NOT by the hedger of BTC, not alive")
    assert line == "BTC maker: paused, nothing rests"
    thread.join()
    (first, second) = switchboard.commands.poll("BTC")
    assert (second.command.action, second.command.sent_by) == (Action.PAUSE, "ann by Telegram")
    assert first.command == second.command


def test_a_word_that_is_no_market_pauses_nothing_and_small_letters_do(office: tuple[OfficeDesk, Switchboard]) -> None:
    desk, switchboard = office
    switchboard.board.write("maker-1", MAKER)
    told = desk.give(replace(PAUSE, market="funding"))
    assert told == "NOTHING was done: there is no market funding; there are: BTC, or all"
    assert switchboard.commands.poll("funding") == ()
    switchboard.board.remove("maker-1")
    switchboard.board.write("maker-1", {**MAKER, "role": "journal"})
    desk.give(replace(PAUSE, market="btc"))
    (sent,) = switchboard.commands.poll("BTC")
    assert sent.command.market == "BTC"
