"""A simulated exchange on real sockets inside the test's process, and clients of it that hold nothing but its URLs.

    with live_exchange() as exchange:
        trader = exchange.trader()
        trader.send(trader.limit(BTC, is_ask=False, size=20, price=999_999))

House orders come only by `exchange.house(...)`: the synthetic flow is off unless asked for. Delays are 0.
"""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
from lighter.signer_client import SignerClient
from websockets.sync.client import ClientConnection, connect

from hedge_strategy.clock import SystemClock
from hedge_strategy.simulator.config import parse_config
from hedge_strategy.simulator.server import ExchangeServer, ServerOptions, ServerUrls

ETH, BTC, SOL = 0, 1, 2
KEY = 4
TIMEOUT_S = 10
AT_ONCE: dict[str, Any] = {"delays": {"maker_ms": 0, "taker_ms": 0, "cancel_ms": 0}}
LIMIT, MARKET = 0, 1
IOC, GOOD_TILL_TIME, POST_ONLY = 0, 1, 2

Signed = tuple[int, str, str]


@dataclass
class Trader:
    """An account with one key: signs as the venue's own library does, with nonces of its own counting."""

    exchange: "LiveExchange"
    account_index: int
    private_key: str
    api_key_index: int = KEY
    nonce: int = 0
    _signer: Any = None

    @property
    def signer(self) -> Any:
        if self._signer is None:

            async def make() -> SignerClient:
                client = SignerClient(
                    self.exchange.urls.url, self.account_index, {self.api_key_index: self.private_key}
                )
                await client.close()
                return client

            self._signer = asyncio.run(make())
        return self._signer

    def token(self, seconds: int = 600) -> str:
        token, error = self.signer.create_auth_token_with_expiry(seconds, api_key_index=self.api_key_index)
        assert error is None
        return str(token)

    def limit(
        self, market: int, *, is_ask: bool, size: int, price: int, tif: int = GOOD_TILL_TIME, **more: Any
    ) -> Signed:
        expiry = 0 if tif == IOC else -1
        values = {"client_order_index": 0, "order_type": LIMIT, "order_expiry": expiry, **more}
        return self._signed(
            self.signer.sign_create_order(
                market_index=market,
                base_amount=size,
                price=price,
                is_ask=is_ask,
                time_in_force=tif,
                **values,
                **self._lane(),
            )
        )

    def market(self, market: int, *, is_ask: bool, size: int, worst_price: int, **more: Any) -> Signed:
        return self.limit(market, is_ask=is_ask, size=size, price=worst_price, tif=IOC, order_type=MARKET, **more)

    def cancel(self, market: int, index: int) -> Signed:
        return self._signed(self.signer.sign_cancel_order(market_index=market, order_index=index, **self._lane()))

    def send(self, signed: Signed, **more: Any) -> requests.Response:
        """Over REST."""
        form = {"tx_type": signed[0], "tx_info": signed[1], **more}
        return requests.post(self.exchange.urls.url + "/api/v1/sendTx", data=form, timeout=TIMEOUT_S)

    def sent(self, signed: Signed) -> dict[str, Any]:
        """Over REST, and it must be accepted."""
        response = self.send(signed)
        assert response.status_code == 200, response.text
        return response.json()  # type: ignore[no-any-return]

    def read(self, path: str, **query: Any) -> dict[str, Any]:
        """A GET with the account and a token."""
        query = {"account_index": self.account_index, **query}
        return self.exchange.get(path, headers={"authorization": self.token()}, **query)

    def _lane(self) -> dict[str, int]:
        self.nonce += 1
        return {"nonce": self.nonce - 1, "api_key_index": self.api_key_index}

    @staticmethod
    def _signed(answer: tuple[Any, Any, Any, Any]) -> Signed:
        tx_type, tx_info, tx_hash, error = answer
        assert error is None, error
        return int(tx_type), tx_info, tx_hash.removeprefix("0x")


@dataclass
class Stream:
    """A client of the socket; frames that do not match are kept out of the way."""

    socket: ClientConnection
    seen: list[dict[str, Any]] = field(default_factory=list)

    def say(self, message: Mapping[str, Any] | str) -> None:
        self.socket.send(message if isinstance(message, str) else json.dumps(message))

    def next(self, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
        frame = json.loads(self.socket.recv(timeout=timeout_s))
        self.seen.append(frame)
        return frame  # type: ignore[no-any-return]

    def until(self, kind: str, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
        """The next frame of this type."""
        for _ in range(10_000):
            frame = self.next(timeout_s)
            if frame.get("type") == kind:
                return frame
        raise AssertionError(f"no {kind} among 10 000 frames")

    def error(self) -> dict[str, Any]:
        """The next bare error frame."""
        for _ in range(10_000):
            frame = self.next()
            if "error" in frame and "type" not in frame:
                return frame["error"]  # type: ignore[no-any-return]
        raise AssertionError("no error frame among 10 000")

    def subscribe(self, channel: str, token: str | None = None) -> dict[str, Any]:
        """The snapshot."""
        self.say({"type": "subscribe", "channel": channel, **({"auth": token} if token else {})})
        return self.until("subscribed/" + channel.split("/")[0])

    def send_tx(self, signed: Signed, **more: Any) -> None:
        data = {"tx_type": signed[0], "tx_info": json.loads(signed[1]), **more}
        self.say({"type": "jsonapi/sendtx", "data": data})


@dataclass
class LiveExchange:
    urls: ServerUrls
    server: ExchangeServer

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, **query: Any) -> dict[str, Any]:
        return self.ask(path, headers=headers, **query).json()  # type: ignore[no-any-return]

    def ask(self, path: str, *, headers: Mapping[str, str] | None = None, **query: Any) -> requests.Response:
        url = f"{self.urls.url}/api/v1/{path}"
        return requests.get(url, params=query, headers=headers, timeout=TIMEOUT_S)

    def admin(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        url = f"{self.urls.admin_url}/sim/v1/{path}"
        return requests.request(method, url, json=body, params=query, timeout=TIMEOUT_S)

    def truth(self, kind: str, **query: Any) -> list[dict[str, Any]]:
        return self.admin("GET", kind, **query).json()[kind]  # type: ignore[no-any-return]

    def fault(self, kind: str, **more: Any) -> int:
        response = self.admin("POST", "faults", {"kind": kind, **more})
        assert response.status_code == 200, response.text
        return int(response.json()["id"])

    def hits(self, number: int) -> int:
        faults = self.admin("GET", "faults").json()["faults"]
        return next(int(fault["hits"]) for fault in faults if fault["id"] == number)

    def trader(self, **spec: Any) -> Trader:
        response = self.admin("POST", "accounts", spec)
        assert response.status_code == 200, response.text
        made = response.json()
        (index, key), *_ = made["api_keys"].items()
        return Trader(self, made["account_index"], key["private_key"], int(index))

    def house(
        self,
        market: int,
        *,
        is_ask: bool,
        size: str,
        price: str,
        immediate: bool = False,
        then: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """A house order: resting unless immediate; `then` one more (is_ask, size, price, immediate) right after it."""
        order = {"market_index": market, "is_ask": is_ask, "size": size, "price": price, "immediate": immediate}
        body = order if then is None else {**order, "then": {"market_index": market, **then}}
        response = self.admin("POST", "house_orders", body)
        assert response.status_code == 200, response.text
        return response.json()  # type: ignore[no-any-return]

    @contextmanager
    def stream(self, greeted: bool = True, max_queue: int | None = None) -> Iterator[Stream]:
        """`max_queue` bounds what the client reads ahead; None reads everything."""
        with connect(
            self.urls.ws_url, compression=None, ping_interval=None, close_timeout=0.1, max_queue=max_queue
        ) as socket:
            stream = Stream(socket)
            if greeted:
                assert stream.next()["type"] == "connected"
            yield stream


@contextmanager
def live_exchange(truth: Path | None = None, **config: Any) -> Iterator[LiveExchange]:
    """A running exchange. Keyword arguments are the sections of its configuration."""
    settings = parse_config({"exchange": AT_ONCE, "flow": None, **config})
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:

        async def start() -> tuple[ExchangeServer, ServerUrls]:
            server = ExchangeServer(ServerOptions(config=settings, truth=truth), SystemClock())
            return server, await server.start()

        server, urls = asyncio.run_coroutine_threadsafe(start(), loop).result(TIMEOUT_S)
        try:
            yield LiveExchange(urls, server)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(TIMEOUT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_S)
        loop.close()


def total(values: list[str]) -> Decimal:
    """Sum of decimal texts."""
    return sum((Decimal(value) for value in values), Decimal(0))
