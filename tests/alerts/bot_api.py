"""A small server that speaks Telegram's Bot API as far as a bot needs it: long polling, messages, buttons.

As the Bot API does: an update is given again until a later offset is asked for; a negative offset gives the last ones
and forgets those before; a wrong token is 401; parameters come as form fields, of which nested ones are JSON.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

TOKEN = "123456789:AAvery-secret-wordAAAAAAAAAAAAAAAAAA"
CHAT, OTHER_CHAT, PERSON = 77, 88, 7
POLL_MAX_S = 2.0


class BotApi:
    """The server.

    Attributes:
        sent: messages of the bot: chat_id, text, and reply_markup where there is one.
        answered: presses that were answered.
        refused: requests with a wrong token.
    """

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.answered: list[str] = []
        self.refused = 0
        self._updates: list[dict[str, Any]] = []
        self._number = 100
        self._changed = threading.Condition()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                fields = {name: values[0] for name, values in parse_qs(body).items()}
                match = re.fullmatch(r"/bot([^/]+)/(\w+)", self.path)
                status, answer = api.call(*match.groups(), fields) if match else (404, {"ok": False, "error_code": 404})
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with suppress(ConnectionError):  # a bot that ends does not wait for its answer
                    self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/bot"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # --- what people do -----------------------------------------------------------------------------------------------

    def write(self, text: str, *, chat: int = CHAT, person: int = PERSON, ago_s: int = 0) -> None:
        """Somebody writes."""
        message = self._message(chat, text)
        message["date"] -= ago_s
        self._put({"message": {**message, "from": _person(person)}})

    def press(self, message: dict[str, Any], which: int, *, person: int = PERSON, on: int | None = None) -> None:
        """Somebody presses a button of a message that the bot sent; `on` says it is on another message."""
        button = json.loads(message["reply_markup"])["inline_keyboard"][0][which]
        shown = {"message_id": on or message["message_id"], "date": int(time.time()), "chat": _chat(message["chat_id"])}
        self._number += 1
        query = {"id": str(self._number), "from": _person(person), "chat_instance": "1"}
        self._put({"callback_query": {**query, "message": shown, "data": button["callback_data"]}})

    @property
    def texts(self) -> list[str]:
        """What the bot said."""
        return [one["text"] for one in self.sent]

    @property
    def is_waiting(self) -> bool:
        """Something was written that nobody has confirmed."""
        return bool(self._updates)

    # --- the interface ------------------------------------------------------------------------------------------------

    def call(self, token: str, method: str, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if token != TOKEN:
            self.refused += 1
            return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}
        if method == "getUpdates":
            return 200, {"ok": True, "result": self._get_updates(int(fields.get("offset", 0)), fields)}
        if method == "sendMessage":
            message = self._message(int(fields["chat_id"]), fields["text"])
            self.sent.append({**fields, "chat_id": int(fields["chat_id"]), "message_id": message["message_id"]})
            return 200, {"ok": True, "result": message}
        if method == "answerCallbackQuery":
            self.answered.append(fields["callback_query_id"])
            return 200, {"ok": True, "result": True}
        return 404, {"ok": False, "error_code": 404, "description": "Not Found"}

    def _get_updates(self, offset: int, fields: dict[str, str]) -> list[dict[str, Any]]:
        until = time.monotonic() + min(float(fields.get("timeout", 0)), POLL_MAX_S)
        with self._changed:
            if offset < 0:
                del self._updates[:offset]
                return list(self._updates)
            self._updates = [one for one in self._updates if one["update_id"] >= offset]
            self._changed.wait_for(lambda: self._updates, max(0.0, until - time.monotonic()))
            return list(self._updates)

    def _put(self, update: dict[str, Any]) -> None:
        with self._changed:
            self._number += 1
            self._updates.append({"update_id": self._number, **update})
            self._changed.notify_all()

    def _message(self, chat: int, text: str) -> dict[str, Any]:
        self._number += 1
        return {"message_id": self._number, "date": int(time.time()), "chat": _chat(chat), "text": text}


def _chat(number: int) -> dict[str, Any]:
    return {"id": number, "type": "private", "first_name": "Ann"}


def _person(number: int) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": "Ann", "username": "ann"}


@contextmanager
def bot_api() -> Iterator[BotApi]:
    """The server, as long as the block."""
    api = BotApi()
    try:
        yield api
    finally:
        api.close()
