"""`hedge exchange`: the simulated exchange as a process of its own.

Promises: one JSON line on standard output once both ports listen, nothing else there; SIGINT and SIGTERM end it cleanly
with 0; what the user can mend (a port in use, a missing tape, a bad setting) is one line on standard error and exit 2;
logs go to standard error.
"""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import structlog
import typer
import yaml

from hedge_strategy.cli.simulated_accounts import SimulatedAccounts, write_simulated_config
from hedge_strategy.clock import SystemClock
from hedge_strategy.errors import UserError
from hedge_strategy.simulator.config import SimulatorConfig, parse_config, parse_delays
from hedge_strategy.simulator.server import ExchangeServer, ServerOptions
from hedge_strategy.simulator.settings import Delays

USER_ERROR_EXIT = 2
BROKEN_EXIT = 70


def exchange(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Public port; 0 picks a free one.")] = 0,
    admin_port: Annotated[int, typer.Option(min=0, max=65535, help="Admin port; 0 picks a free one.")] = 0,
    truth: Annotated[Path | None, typer.Option(help="Write the truth to this file as JSON lines.")] = None,
    tape: Annotated[Path | None, typer.Option(help="Replay this trade tape (CSV) in the market BTC.")] = None,
    speed: Annotated[float, typer.Option(help="How many times faster the tape is played.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Seed of the synthetic market, keys and faults.")] = None,
    delays: Annotated[str | None, typer.Option(help="maker=200,taker=300,cancel=100 in milliseconds.")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings of the exchange (YAML or JSON).")] = None,
    write_config: Annotated[
        Path | None, typer.Option(help="Open accounts A and B and write a configuration for maker and hedger here.")
    ] = None,
) -> None:
    """Run a Lighter-compatible simulated exchange and print where it listens."""
    _log_to_stderr()
    try:
        settings = _settings(config, seed, delays)
        options = ServerOptions(
            host=host, port=port, admin_port=admin_port, truth=truth, tape=tape, speed=speed, config=settings
        )
        code = asyncio.run(_serve(options, write_config))
    except UserError as error:
        typer.echo(f"hedge exchange: {error}", err=True)
        raise typer.Exit(USER_ERROR_EXIT) from error
    raise typer.Exit(code)


def _settings(path: Path | None, seed: int | None, delays: str | None) -> SimulatorConfig:
    settings = parse_config(None if path is None else _read(path))
    if seed is not None:
        settings = msgspec.structs.replace(settings, seed=seed)
    if delays is not None:
        core = settings.exchange
        # Spelled out delays are for everybody: a tier's own would make the option look ignored.
        tiers = {name: msgspec.structs.replace(tier, delays=None) for name, tier in core.tiers.items()}
        wanted: Delays = parse_delays(delays, core.delays)
        settings = msgspec.structs.replace(settings, exchange=msgspec.structs.replace(core, delays=wanted, tiers=tiers))
    return settings


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} is not YAML: {reason}") from error


async def _serve(options: ServerOptions, write_config: Path | None) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = ExchangeServer(options, SystemClock())
    urls = await server.start()
    if write_config is not None:
        markets = {market.symbol: market.opening_size for market in options.config.markets}
        wanted = SimulatedAccounts(msgspec.structs.asdict(urls), markets=markets)
        await asyncio.to_thread(write_simulated_config, wanted, write_config)
    sys.stdout.write(msgspec.json.encode(urls).decode() + "\n")
    sys.stdout.flush()
    waits = [loop.create_task(stop.wait()), loop.create_task(server.wait_broken())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    is_broken = not stop.is_set()
    for wait in waits:
        wait.cancel()
    await server.stop()
    return BROKEN_EXIT if is_broken else 0


def _log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
