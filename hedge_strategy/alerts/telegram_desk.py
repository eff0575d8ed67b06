"""What is made of what chats write and press: who is answered, what is shown, given, or asked back first. Pure.

- Only the listed chats are answered; of each other one the first message is told, to be logged, and all are counted.
- Nothing that is older than `AGE_MAX_MS` or was sent before `begin` is carried out.
- To flatten takes a second press: on the very message that asked, in the same chat, by the same person, once, within
  `CONFIRM_WITHIN_MS`.
- A chat that writes too much is told so once a minute, and not obeyed meanwhile.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hedge_strategy.coordination.keys import is_symbol

AGE_MAX_MS = 120_000
CONFIRM_WITHIN_MS = 60_000
PENDING_MAX = 50
STRANGERS_MAX = 1_000
MINUTE_MS = 60_000
REASON_MAX = 200
EVERYWHERE = "*"
_COMMAND = re.compile(r"/(?P<name>[a-z]+)(?:@\w+)?(?:\s+(?P<rest>.*))?", re.DOTALL | re.IGNORECASE)


class Shown(StrEnum):
    """What may be looked at."""

    STATUS = "status"
    POSITIONS = "positions"
    PNL = "pnl"
    ALERTS = "alerts"
    HELP = "help"


class Order(StrEnum):
    """What may be ordered."""

    PAUSE = "pause"
    RESUME = "resume"
    FLATTEN = "flatten"


HELP = (
    "/status - what A and B do\n/positions - what is held\n/pnl - what today earned\n/alerts - what stands\n"
    "/pause [MARKET] [why] - A cancels and stays paused\n/resume [MARKET]\n"
    "/flatten [MARKET] - cancel and close everything; asks back first\nWithout MARKET: everywhere."
)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, or a press on a button (`is_press`: `text` is what the button carries, `message` the one it is on).

    Attributes:
        chat: its id.
        message: its id in the chat.
        person: who sent it; 0: not told.
        name: of the person, for the log and for who has ordered.
        sent_at_ms: unix ms, Telegram's clock.
    """

    chat: int
    message: int
    person: int
    name: str
    text: str
    sent_at_ms: int
    is_press: bool = False


@dataclass(frozen=True, slots=True)
class Show:
    """Something is to be shown."""

    what: Shown


@dataclass(frozen=True, slots=True)
class Give:
    """A command is to be given."""

    order: Order
    market: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class AskBack:
    """It is to be asked whether that is really meant; `code` is what the button carries."""

    code: str
    give: Give


@dataclass(frozen=True, slots=True)
class Say:
    """Words for the chat."""

    text: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """Nobody who is listed: is not answered; logged."""

    chat: int


Reply = Show | Give | AskBack | Say | Stranger


@dataclass(slots=True)
class _Pending:
    chat: int
    person: int
    give: Give
    until_ms: int
    message: int | None = None


@dataclass
class TelegramDesk:
    """Belongs to one thread.

    Attributes:
        chats: who is answered.
        per_minute: commands of one chat.
        strangers: how many messages came from others.
        dropped: how many messages were too old.
    """

    chats: Sequence[int]
    per_minute: int
    strangers: int = 0
    dropped: int = 0
    _began_ms: int = 0
    _seen_strangers: set[int] = field(default_factory=set)
    _heard_at_ms: dict[int, deque[int]] = field(default_factory=dict)
    _told_off_at_ms: dict[int, int] = field(default_factory=dict)
    _pending: dict[str, _Pending] = field(default_factory=dict)

    def begin(self, now_ms: int) -> None:
        """What was sent before is not carried out, and what was asked back before is forgotten."""
        self._began_ms = now_ms
        self._pending.clear()

    def hear(self, heard: Heard, code: str, now_ms: int) -> Reply | None:
        """Takes in a message or a press.

        Args:
            heard: what came.
            code: one that nobody can guess, for a question back.
            now_ms: unix ms.
        """
        if heard.chat not in self.chats:
            return self._stranger(heard.chat)
        if self._is_too_much(heard.chat, now_ms):
            if now_ms - self._told_off_at_ms.get(heard.chat, -MINUTE_MS) < MINUTE_MS:
                return None
            self._told_off_at_ms[heard.chat] = now_ms
            return Say("too many messages a minute; nothing is done until there are fewer")
        if heard.is_press:
            return self._pressed(heard, now_ms)
        sent_at_ms = heard.sent_at_ms + 999  # Telegram tells whole seconds
        if sent_at_ms < self._began_ms or now_ms - sent_at_ms > AGE_MAX_MS:
            self.dropped += 1
            return None
        return self._read(heard, code, now_ms)

    def asked(self, code: str, message: int) -> None:
        """Binds a question to the message that asks it."""
        if code in self._pending:
            self._pending[code].message = message

    def _stranger(self, chat: int) -> Stranger | None:
        self.strangers += 1
        if chat in self._seen_strangers or len(self._seen_strangers) >= STRANGERS_MAX:
            return None
        self._seen_strangers.add(chat)
        return Stranger(chat)

    def _is_too_much(self, chat: int, now_ms: int) -> bool:
        times = self._heard_at_ms.setdefault(chat, deque(maxlen=self.per_minute + 1))
        times.append(now_ms)
        return len(times) > self.per_minute and now_ms - times[0] < MINUTE_MS

    def _read(self, heard: Heard, code: str, now_ms: int) -> Reply | None:
        match = _COMMAND.fullmatch(heard.text.strip())
        if match is None:
            return None
        name, rest = match["name"].lower(), (match["rest"] or "").split()
        if name == "start" or name in set(Shown):
            return Show(Shown.HELP if name == "start" else Shown(name))
        if name not in set(Order):
            return Say(f"there is no /{name[:20]}; /help lists all")
        market = EVERYWHERE
        if rest and rest[0].lower() != "all":
            market = rest[0]
        if market != EVERYWHERE and not is_symbol(market):
            return Say(f"{market[:40]} cannot be the symbol of a market; give one, or all")
        give = Give(Order(name), market, " ".join(rest[1:])[:REASON_MAX], f"{heard.name} by Telegram")
        if give.order is not Order.FLATTEN:
            return give
        while len(self._pending) >= PENDING_MAX:
            del self._pending[next(iter(self._pending))]
        self._pending[code] = _Pending(heard.chat, heard.person, give, now_ms + CONFIRM_WITHIN_MS)
        return AskBack(code, give)

    def _pressed(self, heard: Heard, now_ms: int) -> Reply:
        code, _, answer = heard.text.partition(" ")
        pending = self._pending.get(code)
        if pending is None or (pending.chat, pending.message) != (heard.chat, heard.message):
            return Say("this question is over; order it again")
        if pending.person != heard.person:
            return Say("only who ordered it can confirm it")
        del self._pending[code]
        if now_ms > pending.until_ms:
            return Say("too late, nothing was done; order it again")
        return pending.give if answer == "yes" else Say("nothing was done")
