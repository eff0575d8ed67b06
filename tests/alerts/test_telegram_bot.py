"""The bot over real sockets, against a server that speaks the Bot API; and that its token is written nowhere."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from hedge_strategy.alerts.rules import Telegram
from hedge_strategy.alerts.telegram_bot import Office, TelegramBot
from hedge_strategy.alerts.telegram_desk import Give, Order, Shown
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import RedisUnavailable
from tests.alerts.bot_api import CHAT, OTHER_CHAT, TOKEN, BotApi, bot_api
from tests.polling import wait_until


class Desk:
    """Records what is given."""

    def __init__(self) -> None:
        self.given: list[Give] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def show(self, what: Shown) -> str:
        if what is Shown.PNL:
            raise RedisUnavailable("Redis is away")
        return f"shown: {what}"

    def give(self, wanted: Give) -> str:
        self.given.append(wanted)
        self.may_go_on.wait(20)
        return f"done: {wanted.order}"


@pytest.fixture
def api() -> Iterator[BotApi]:
    with bot_api() as made:
        yield made


def codes() -> Callable[[], str]:
    numbers = iter(range(1_000_000))
    return lambda: f"code-{next(numbers)}"


@contextmanager
def running(api: BotApi, desk: Desk, token: str = TOKEN, acting: bool = True) -> Iterator[threading.Event]:
    may_poll, stop = threading.Event(), threading.Event()
    if acting:
        may_poll.set()
    settings = Telegram(chats=(CHAT,), base_url=api.url)
    bot = TelegramBot(settings, Secret(token), Office(desk.show, desk.give), SystemClock(), codes(), may_poll)
    thread = threading.Thread(target=bot.run, args=(stop,))
    thread.start()
    try:
        yield may_poll
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def begun(api: BotApi) -> None:
    """It polls: what is written from now on is new to it."""
    texts = len(api.sent)

    def is_answered() -> bool:
        if len(api.sent) == texts and not api.is_waiting:
            api.write("/help")
        return len(api.sent) > texts

    wait_until(is_answered, "the bot to poll")


def test_it_shows_and_obeys_its_chats_and_nobody_else(api: BotApi) -> None:
    desk = Desk()
    with running(api, desk):
        begun(api)
        api.write("/pause", chat=OTHER_CHAT)
        api.write("/status")
        wait_until(lambda: "shown: status" in api.texts, "the status")
        api.write("/pnl")
        wait_until(lambda: "it did not work: Redis is away" in api.texts, "the failure in words")
        api.write("/pause BTC good night")
        wait_until(lambda: "done: pause" in api.texts, "the pause")
    assert desk.given == [Give(Order.PAUSE, "BTC", "good night", "ann by Telegram")]
    assert {one["chat_id"] for one in api.sent} == {CHAT}


def test_flatten_is_asked_back_and_done_once(api: BotApi) -> None:
    desk = Desk()
    with running(api, desk):
        begun(api)
        api.write("/flatten BTC")
        question = wait_until(lambda: next((one for one in api.sent if "reply_markup" in one), None), "the question")
        assert "BTC" in question["text"]
        api.press(question, 0, on=1)
        wait_until(lambda: len(api.answered) == 1, "the press to be answered")
        assert desk.given == [], "a button on another message counts for nothing"
        api.press(question, 0)
        api.press(question, 0)
        wait_until(lambda: "done: flatten" in api.texts, "the flatten")
        wait_until(lambda: len(api.answered) == 3, "all presses to be answered")
    assert [one.order for one in desk.given] == [Order.FLATTEN]


def test_what_waited_before_the_start_is_never_carried_out(api: BotApi) -> None:
    desk = Desk()
    api.write("/flatten")
    api.write("/pause")
    with running(api, desk):
        begun(api)
        api.write("/pause", ago_s=3_600)
        api.write("/status")
        wait_until(lambda: "shown: status" in api.texts, "the status")
    assert desk.given == []


def test_a_slow_answer_holds_up_no_other(api: BotApi) -> None:
    desk = Desk()
    desk.may_go_on.clear()
    with running(api, desk):
        begun(api)
        api.write("/pause")
        wait_until(lambda: desk.given, "the order")
        api.write("/status")
        wait_until(lambda: "shown: status" in api.texts, "the status meanwhile")
        desk.may_go_on.set()
        wait_until(lambda: "done: pause" in api.texts, "the pause")


def test_only_the_alerter_that_acts_polls(api: BotApi) -> None:
    desk = Desk()
    with running(api, desk, acting=False) as may_poll:
        api.write("/pause")
        may_poll.set()
        begun(api)
        api.write("/status")
        wait_until(lambda: "shown: status" in api.texts, "the status")
    assert desk.given == [], "that was before it acted"


def test_the_token_is_written_nowhere(
    api: BotApi, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with running(api, Desk()):
        begun(api)
    wrong = TOKEN.replace("very", "VERY")
    with running(api, Desk(), token=wrong):
        wait_until(lambda: api.refused >= 2, "attempts with a token that is not taken")
    shown = capfd.readouterr()
    said = shown.out + shown.err + caplog.text
    assert "InvalidToken" in said or "Unauthorized" in said, "that it does not work is said"
    for token in (TOKEN, wrong):
        assert token not in said
        assert token.partition(":")[2] not in said
