"""The simulated exchange as a server: REST and socket on one port, the admin interface on another, one event loop.

Promises: `start` either listens on both ports or raises a UserError with one clear line and leaves nothing open; `stop`
closes sockets properly and writes the truth to its end.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog
from aiohttp import web

from hedge_strategy.clock import Clock
from hedge_strategy.errors import UserError
from hedge_strategy.simulator import rest_accounts, rest_markets, rest_orders, rest_transactions
from hedge_strategy.simulator.admin import Admin
from hedge_strategy.simulator.answers import NOT_FOUND, answer
from hedge_strategy.simulator.api import Api
from hedge_strategy.simulator.auth import TokenChecker
from hedge_strategy.simulator.config import ConfigRefused, SimulatorConfig
from hedge_strategy.simulator.drill import DrillFlow
from hedge_strategy.simulator.exchange import Exchange
from hedge_strategy.simulator.flow import DEFAULT_START_PRICES, Flow, SyntheticFlow, ticks
from hedge_strategy.simulator.flow_driver import FlowDriver
from hedge_strategy.simulator.funding_log import FundingLog
from hedge_strategy.simulator.host import ExchangeHost
from hedge_strategy.simulator.publisher import Publisher
from hedge_strategy.simulator.replay import TapeFlow
from hedge_strategy.simulator.tape import Tape, parse_tape
from hedge_strategy.simulator.truth import TruthLog
from hedge_strategy.simulator.ws import StreamServer

log = structlog.get_logger()

TRUTH_FLUSH_S: Final = 0.2
SHUTDOWN_TIMEOUT_S: Final = 1.0
STREAM_PATH: Final = "/stream"


class ServerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen, what to write, what to play. Port 0 picks a free one."""

    host: str = "127.0.0.1"
    port: int = 0
    admin_port: int = 0
    truth: Path | None = None
    tape: Path | None = None
    speed: float = 1.0
    config: SimulatorConfig = SimulatorConfig()


class ServerUrls(msgspec.Struct, frozen=True):
    """What clients need to know; printed as one JSON line."""

    url: str
    ws_url: str
    admin_url: str


class ExchangeServer:
    """One exchange with its two listeners."""

    def __init__(self, options: ServerOptions, clock: Clock) -> None:
        """Raises UserError for a tape or a truth file that cannot be used."""
        self._options = options
        config = options.config
        now_ns = clock.now_ns()
        tape = _read_tape(options)
        try:
            self._truth = TruthLog(options.truth)
        except OSError as error:
            raise UserError(f"cannot write the truth file {options.truth}: {error.strerror}") from error
        exchange = Exchange(config.markets, config.exchange, now_ns)
        self.host = ExchangeHost(exchange, config, clock, self._truth)
        flows = _flows(options, tape, now_ns)
        self.host.drills = _drills(config, now_ns)
        still = list(self.host.drills.values())
        self.host.attach_flow(FlowDriver(exchange, [*flows, *still], now_ns))
        self._publisher = Publisher(self.host)
        tokens = TokenChecker(self._public_key_of)
        self._stream = StreamServer(self.host, self._publisher, tokens)
        self._runners = [
            web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
            for app in (self._public_app(tokens), self._admin_app())
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> ServerUrls:
        """Listens and lets time run. Raises UserError when a port cannot be had."""
        ports = []
        try:
            for runner, port in zip(self._runners, (self._options.port, self._options.admin_port), strict=True):
                ports.append(await self._listen(runner, port))
        except UserError:
            await self._close()
            raise
        self._repeat(self._publisher.flush_books, self._options.config.socket.book_batch_ms / 1_000)
        self._repeat(self._publisher.tell_stats, self._options.config.socket.stats_interval_ms / 1_000)
        self._repeat(self._publisher.tell_height, self._options.config.socket.height_interval_ms / 1_000)
        self._repeat(self._truth.flush, TRUTH_FLUSH_S)
        self.host.advance()
        where = f"[{self._options.host}]" if ":" in self._options.host else self._options.host
        return ServerUrls(
            url=f"http://{where}:{ports[0]}",
            ws_url=f"ws://{where}:{ports[0]}{STREAM_PATH}",
            admin_url=f"http://{where}:{ports[1]}",
        )

    async def stop(self) -> None:
        """Ends everything that `start` began."""
        self.host.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stream.close_all()
        await self._close()

    async def wait_broken(self) -> None:
        """Returns when the exchange found its own books wrong."""
        await self.host.broken.wait()

    async def _close(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        self._truth.close()

    async def _listen(self, runner: web.AppRunner, port: int) -> int:
        await runner.setup()
        try:
            await web.TCPSite(runner, self._options.host, port).start()
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UserError(f"cannot listen on {self._options.host}:{port}: {reason}") from error
        found: int = runner.addresses[0][1]
        return found

    def _repeat(self, action: Callable[[], None], every_s: float) -> None:
        async def run() -> None:
            while True:
                await asyncio.sleep(every_s)
                action()

        task = asyncio.get_running_loop().create_task(run())
        task.add_done_callback(self._note_end)
        self._tasks.append(task)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        """A repeated action that failed would stay away unnoticed: the server ends instead."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("server_task_failed", error=repr(error))
            self.host.broken.set()

    def _public_app(self, tokens: TokenChecker) -> web.Application:
        funding = FundingLog()
        self.host.listen(funding.on_events)
        api = Api(self.host, tokens)
        rest_transactions.register(api)
        rest_accounts.register(api, funding)
        rest_orders.register(api)
        rest_markets.register(api, funding)
        app = web.Application()
        app.add_routes([*api.routes(), web.get(STREAM_PATH, self._stream.handle), web.route("*", "/{p:.*}", _nothing)])
        return app

    def _admin_app(self) -> web.Application:
        app = web.Application()
        app.add_routes(Admin(self.host, self._stream, random.Random(self._options.config.seed)).routes())
        return app

    def _public_key_of(self, account_index: int, api_key_index: int) -> str | None:
        key = self.host.read.api_key(account_index, api_key_index)
        return None if key is None else key.public_key


async def _nothing(request: web.Request) -> web.Response:
    del request
    return answer({"code": NOT_FOUND, "message": "not found"}, 404)


def _read_tape(options: ServerOptions) -> Tape | None:
    if options.tape is None:
        return None
    market = next((one for one in options.config.markets if one.symbol == options.config.tape_market), None)
    if market is None:
        raise ConfigRefused(f"tape_market: there is no market {options.config.tape_market}")
    try:
        with options.tape.open(encoding="utf-8", newline="") as lines:
            return parse_tape(lines, market)
    except OSError as error:
        raise UserError(f"cannot read the tape {options.tape}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"cannot read the tape {options.tape}: not text") from error


def _drills(config: SimulatorConfig, now_ns: int) -> dict[int, DrillFlow]:
    known, found = {market.symbol: market for market in config.markets}, {}
    for symbol in config.still_markets:
        market = known.get(symbol)
        if market is None:
            raise ConfigRefused(f"still_market: there is no market {symbol}")
        price = DEFAULT_START_PRICES.get(symbol)
        start = market.initial_price if price is None else ticks(price, market)
        found[market.market_index] = DrillFlow(market, start, now_ns)
    return found


def _flows(options: ServerOptions, tape: Tape | None, now_ns: int) -> list[Flow]:
    config = options.config
    flows: list[Flow] = []
    synthetic = [market for market in config.markets if market.symbol not in config.still_markets]
    if tape is not None:
        market = next(one for one in config.markets if one.symbol == config.tape_market)
        synthetic = [one for one in synthetic if one is not market]
        try:
            flows.append(TapeFlow(tape, market, options.speed, now_ns, loop=config.tape_loop))
        except ValueError as error:
            raise UserError(f"speed: {error}") from error
    if config.flow is not None and synthetic:
        # The composition root is the one place where a random source is made.
        flows.append(SyntheticFlow(synthetic, config.flow, random.Random(config.seed), now_ns))
    return flows
