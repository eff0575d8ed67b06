"""Who is obeyed by Telegram, when, and what takes a second press."""

import pytest

from hedge_strategy.alerts.telegram_desk import (
    AGE_MAX_MS,
    CONFIRM_WITHIN_MS,
    PENDING_MAX,
    AskBack,
    Give,
    Heard,
    Order,
    Reply,
    Say,
    Show,
    Shown,
    Stranger,
    TelegramDesk,
)

NOW_MS = 1_000_000_000
ANN, BOB = 1, 2


class Chat:
    """A desk that began long ago, and somebody who writes to it."""

    def __init__(self, per_minute: int = 100) -> None:
        self.desk = TelegramDesk((77,), per_minute)
        self.desk.begin(NOW_MS - 10 * AGE_MAX_MS)
        self.now_ms = NOW_MS

    def write(self, text: str, *, chat: int = 77, ago_ms: int = 0, code: str = "code") -> Reply | None:
        return self.desk.hear(Heard(chat, 5, ANN, "ann", text, self.now_ms - ago_ms), code, self.now_ms)

    def press(self, text: str, *, chat: int = 77, message: int = 9, person: int = ANN) -> Reply | None:
        return self.desk.hear(Heard(chat, message, person, "x", text, 0, is_press=True), "", self.now_ms)

    def ask_back(self) -> None:
        assert isinstance(self.write("/flatten BTC enough"), AskBack)
        self.desk.asked("code", 9)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("/status", Show(Shown.STATUS)),
        ("/positions@hedge_bot", Show(Shown.POSITIONS)),
        ("/PnL", Show(Shown.PNL)),
        ("/start", Show(Shown.HELP)),
        ("/pause", Give(Order.PAUSE, "*", "", "ann by Telegram")),
        ("/pause BTC going  home", Give(Order.PAUSE, "BTC", "going home", "ann by Telegram")),
        ("/resume all", Give(Order.RESUME, "*", "", "ann by Telegram")),
        ("hello", None),
        ("/nonsense", Say("there is no /nonsense; /help lists all")),
    ],
)
def test_what_a_listed_chat_may_write(text: str, reply: Reply | None) -> None:
    assert Chat().write(text) == reply


def test_a_market_that_cannot_be_one_is_refused() -> None:
    assert isinstance(Chat().write("/pause {BTC}"), Say)


def test_others_get_no_answer_are_told_once_and_counted() -> None:
    chat = Chat()
    assert [chat.write("/pause", chat=88) for _ in range(3)] == [Stranger(88), None, None]
    assert chat.press("code yes", chat=89) == Stranger(89)
    assert chat.desk.strangers == 4


def test_what_is_old_or_from_before_the_start_is_not_carried_out() -> None:
    chat = Chat()
    assert chat.write("/pause", ago_ms=AGE_MAX_MS + 1_000) is None
    chat.desk.begin(NOW_MS)
    assert chat.write("/pause", ago_ms=1_000) is None
    assert chat.desk.dropped == 2
    assert isinstance(chat.write("/pause", ago_ms=500), Give), "Telegram tells whole seconds"


def test_flatten_takes_a_second_press_once() -> None:
    chat = Chat()
    chat.ask_back()
    assert chat.press("code yes") == Give(Order.FLATTEN, "BTC", "enough", "ann by Telegram")
    assert isinstance(chat.press("code yes"), Say), "once"
    chat.ask_back()
    assert chat.press("code no") == Say("nothing was done")
    assert isinstance(chat.press("code yes"), Say)


@pytest.mark.parametrize(
    "press",
    [{"message": 10}, {"person": BOB}, {"chat": 78}, {"text": "guess yes"}, {"text": ""}],
    ids=["another message", "another person", "another chat", "a guess", "nothing"],
)
def test_only_the_very_question_can_be_confirmed(press: dict[str, int | str]) -> None:
    chat = Chat()
    chat.desk.chats = (77, 78)
    chat.ask_back()
    words = {"text": "code yes", **press}
    assert isinstance(chat.press(**words), Say)  # type: ignore[arg-type]
    assert isinstance(chat.press("code yes"), Give), "the right press still counts"


def test_a_question_is_over_after_a_minute_and_after_a_restart() -> None:
    chat = Chat()
    chat.ask_back()
    chat.now_ms += CONFIRM_WITHIN_MS + 1
    assert isinstance(chat.press("code yes"), Say)
    chat.ask_back()
    chat.desk.begin(chat.now_ms)
    assert isinstance(chat.press("code yes"), Say)


def test_a_press_before_the_question_was_sent_counts_for_nothing() -> None:
    chat = Chat()
    chat.write("/flatten")
    assert isinstance(chat.press("code yes", message=9), Say)


def test_a_chat_that_writes_too_much_is_told_once_and_not_obeyed() -> None:
    chat = Chat(per_minute=3)
    replies = [chat.write("/pause") for _ in range(6)]
    assert [type(one) for one in replies] == [Give, Give, Give, Say, type(None), type(None)]
    chat.now_ms += 61_000
    assert isinstance(chat.write("/pause"), Give)


def test_questions_are_bounded() -> None:
    chat = Chat(per_minute=1_000)
    for number in range(3 * PENDING_MAX):
        chat.write("/flatten", code=f"c{number}")
    assert len(chat.desk._pending) == PENDING_MAX
