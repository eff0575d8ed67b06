"""A Telegram bot that shows and obeys: polls the Bot API, hands what comes to `telegram_desk`, and answers.

It polls only while this alerter is the one that acts, and begins by throwing away what waits, so that no order from
before is carried out. What takes long (reading, waiting until A and B have obeyed) runs beside the polling, so many at
a time. The token reaches no log: the libraries that would write it log nothing, and of errors only the kind is said.

Threads: one, with an event loop of its own, and those on which slow answers are made.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from hedge_strategy.alerts.channel import silence
from hedge_strategy.alerts.rules import Telegram
from hedge_strategy.alerts.telegram_desk import (
    HELP,
    AskBack,
    Give,
    Heard,
    Reply,
    Say,
    Show,
    Shown,
    Stranger,
    TelegramDesk,
)
from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import HedgeError

POLL_S = 20
TEXT_MAX = 4_000
"""Of one message; the Bot API takes 4096."""
NAME_MAX = 64
AT_ONCE_MAX = 4
WAITING_MAX = 20
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
LOUD_LIBRARIES = ("httpx", "httpcore", "telegram")
_log = structlog.get_logger("alerts.telegram")


@dataclass(frozen=True, slots=True)
class Office:
    """What is asked of the rest of the product; all of it blocks, and is called on threads of its own.

    Attributes:
        show: in words.
        give: gives a command, waits until it is obeyed or takes too long, and says what became of it.
    """

    show: Callable[[Shown], str]
    give: Callable[[Give], str]


class TelegramBot:
    """The bot.

    Args:
        settings: whom it answers.
        token: of the bot.
        office: shows and gives.
        clock: time.
        new_code: makes codes that nobody can guess.
        may_poll: set while this alerter acts.
    """

    def __init__(
        self,
        settings: Telegram,
        token: Secret,
        office: Office,
        clock: Clock,
        new_code: Callable[[], str],
        may_poll: threading.Event,
    ) -> None:
        for name in LOUD_LIBRARIES:
            silence(name)
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._settings = settings
        self._token = token
        self._office = office
        self._clock = clock
        self._new_code = new_code
        self._may_poll = may_poll
        self._desk = TelegramDesk(settings.chats, settings.per_minute)
        self._offset: int | None = None
        self._bot: Any = None
        self._answers: set[asyncio.Task[None]] = set()

    def run(self, stop: threading.Event) -> None:
        """Runs until it is asked to stop; body of a thread."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        from telegram import Bot
        from telegram.error import TelegramError
        from telegram.request import HTTPXRequest

        pause_s = FIRST_PAUSE_S
        has_begun = False
        self._room = asyncio.Semaphore(AT_ONCE_MAX)
        url = self._settings.base_url
        quiet = {"trust_env": False}
        polling = HTTPXRequest(connection_pool_size=1, read_timeout=POLL_S + 10, httpx_kwargs=quiet)
        request = HTTPXRequest(connection_pool_size=8, read_timeout=15.0, httpx_kwargs=quiet)
        self._bot = Bot(self._token.reveal(), base_url=url, request=request, get_updates_request=polling)
        await request.initialize()
        await polling.initialize()
        while not stop.is_set():
            if not self._may_poll.is_set():
                has_begun = False
                await asyncio.sleep(0.2)
                continue
            try:
                if not has_begun:
                    await self._throw_away_what_waits()
                    has_begun = True
                await self._poll_once(stop)
                pause_s = FIRST_PAUSE_S
            except TelegramError as error:
                if stop.is_set():
                    break
                if pause_s == FIRST_PAUSE_S:
                    _log.warning("Telegram does not answer as it should; tried again", kind=type(error).__name__)
                await self._sleep(pause_s, stop)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        for task in self._answers:
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)
        await request.shutdown()
        await polling.shutdown()

    async def _throw_away_what_waits(self) -> None:
        self._desk.begin(self._now_ms())
        newest = await self._bot.get_updates(offset=-1, timeout=0)
        self._offset = newest[-1].update_id + 1 if newest else self._offset
        _log.info("obeys its chats", chats=len(self._settings.chats))

    async def _poll_once(self, stop: threading.Event) -> None:
        """Waits for updates; a stop ends the waiting."""
        wanted = ["message", "callback_query"]
        poll = asyncio.ensure_future(self._bot.get_updates(offset=self._offset, timeout=POLL_S, allowed_updates=wanted))
        while not poll.done():
            await asyncio.wait([poll], timeout=0.2)
            if stop.is_set() or not self._may_poll.is_set():
                poll.cancel()
                await asyncio.gather(poll, return_exceptions=True)
                return
        for update in poll.result():
            self._offset = update.update_id + 1
            heard = heard_of(update)
            if heard is None:
                continue
            reply = self._desk.hear(heard, self._new_code(), self._now_ms())
            if reply is not None or heard.is_press:
                self._begin(self._answer(update, heard, reply), heard)

    def _begin(self, answer: Coroutine[Any, Any, None], heard: Heard) -> None:
        if len(self._answers) >= WAITING_MAX:
            _log.warning("too much at once; a message is not answered", chat=heard.chat)
            answer.close()
            return
        task = asyncio.create_task(answer)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, update: Any, heard: Heard, reply: Reply | None) -> None:
        from telegram.error import TelegramError

        try:
            async with self._room:
                if heard.is_press and not isinstance(reply, Stranger | None):
                    await update.callback_query.answer()
                await self._say(heard, reply)
        except TelegramError as error:
            _log.warning("an answer did not reach its chat", chat=heard.chat, kind=type(error).__name__)

    async def _say(self, heard: Heard, reply: Reply | None) -> None:
        match reply:
            case Stranger(chat):
                _log.warning("a chat that is not listed writes; it is not answered", chat=chat)
            case Say(text):
                await self._send(heard.chat, text)
            case Show(Shown.HELP):
                await self._send(heard.chat, HELP)
            case Show(what):
                await self._send(heard.chat, await asyncio.to_thread(self._asked, self._office.show, what))
            case Give():
                _log.warning("ordered by Telegram", order=reply.order.value, market=reply.market, by=reply.by)
                await self._send(heard.chat, f"{reply.order.value} {_where(reply)}: given, waiting until it is done")
                await self._send(heard.chat, await asyncio.to_thread(self._asked, self._office.give, reply))
            case AskBack(code, give):
                await self._ask_back(heard.chat, code, give)

    async def _ask_back(self, chat: int, code: str, give: Give) -> None:
        from telegram import InlineKeyboardButton, InlineKeyboardMarkup

        buttons = [
            InlineKeyboardButton(f"Yes, {give.order.value} {_where(give)}", callback_data=f"{code} yes"),
            InlineKeyboardButton("No", callback_data=f"{code} no"),
        ]
        question = f"{give.order.value} {_where(give)}: cancels and closes both accounts' positions. Really? (60 s)"
        sent = await self._bot.send_message(chat, question, reply_markup=InlineKeyboardMarkup([buttons]))
        self._desk.asked(code, sent.message_id)

    def _asked(self, what: Callable[[Any], str], argument: Any) -> str:
        try:
            return what(argument)
        except HedgeError as error:
            return "it did not work: " + " ".join(str(error).split())

    async def _send(self, chat: int, text: str) -> None:
        await self._bot.send_message(chat, text[:TEXT_MAX] or "nothing to say")

    async def _sleep(self, seconds: float, stop: threading.Event) -> None:
        for _ in range(int(seconds / 0.2) + 1):
            if stop.is_set():
                return
            await asyncio.sleep(0.2)

    def _now_ms(self) -> int:
        return to_ms(self._clock.now_ns())


def heard_of(update: Any) -> Heard | None:
    """What an update of the Bot API says; None where it is none of those that are obeyed."""
    press, message = update.callback_query, update.message
    if press is not None and press.message is not None:
        chat, number = press.message.chat.id, press.message.message_id
        return Heard(chat, number, press.from_user.id, _name(press.from_user), press.data or "", 0, is_press=True)
    if message is None or message.text is None:
        return None
    person = message.from_user
    sent_at_ms = int(message.date.timestamp() * 1000)
    number = person.id if person is not None else 0
    return Heard(message.chat.id, message.message_id, number, _name(person), message.text, sent_at_ms)


def _name(person: Any) -> str:
    """On one line and printable: it is shown where orders are."""
    name = "somebody" if person is None else person.username or person.full_name or str(person.id)
    return "".join(one for one in name if one.isprintable())[:NAME_MAX]


def _where(give: Give) -> str:
    return "everywhere" if give.market == "*" else give.market
