"""`hedge check-config`: reads the settings and says what they come to, or which one is wrong."""

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hedge_strategy.cli.terminal import configure_logs, one_line_errors
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import read_config
from hedge_strategy.config.schema import Config, ResolvedMarket
from hedge_strategy.inspection import check_surroundings


def check_config(
    config: Annotated[Path, typer.Option(help="Settings (YAML).")] = Path("config.yaml"),
    offline: Annotated[bool, typer.Option("--offline", help="Only read the file.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check the settings, and unless --offline Redis and the accounts' keys on the venue."""
    configure_logs(as_json=False, process="check-config")
    with one_line_errors("hedge check-config"):
        settings = read_config(config, os.environ)
        found = None if offline else check_surroundings(settings, SystemClock())
        warnings = found.warnings if found is not None else ()
        tree = _shown(settings)
        if json:
            how = found.self_trades.value if found is not None else None
            answer = {"ok": True, "warnings": warnings, "self_trades": how, "config": tree}
            typer.echo(msgspec.json.encode(answer).decode())
            return
        for section, values in tree.items():
            typer.echo(f"{section}:")
            for name, value in values.items():
                typer.echo(f"  {name}: {value}")
        if found is not None:
            typer.echo(f"self-trades are {found.self_trades.words}")
        for warning in warnings:
            typer.echo(f"warning: {warning}", err=True)
        typer.echo("ok")


def _shown(settings: Config) -> dict[str, dict[str, object]]:
    """The settings without secrets, as text and numbers."""
    accounts: dict[str, dict[str, object]] = {
        name: {
            "account_name": account.account_name,
            "venue": account.venue,
            "account_index": account.account_index,
            **({} if settings.markets else {"api_key_index": account.api_key_index}),
            "private_key": "set",
        }
        for name, account in (("account_a", settings.account_a), ("account_b", settings.account_b))
    }
    sections: dict[str, dict[str, object]] = {
        name: {key: str(value) for key, value in msgspec.structs.asdict(section).items()}
        for name, section in (("redis", settings.redis), ("lighter", settings.lighter), ("strategy", settings.strategy))
    }
    markets: dict[str, object] = {market.symbol: _market(market) for market in settings.markets}
    return {**accounts, **sections, **({"markets": markets} if markets else {})}


def _market(market: ResolvedMarket) -> str:
    """One market in a line: who signs with which key, and what is set for it alone."""
    words = [f"A's API key {market.account_a.api_key_index}, B's {market.account_b.api_key_index}"]
    for name in ("quantity", "depth", "max_order_size", "max_position"):
        if (value := getattr(market, name)) is not None:
            words.append(f"{name} {value}")
    return ", ".join(words)
