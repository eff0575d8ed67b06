"""`hedge alerts`: looks after the rules, checks them, tries the channels, lists what was said."""

import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from hedge_strategy.alerting import alerts_path, check_sources, make_alerter, open_channels, warnings_of
from hedge_strategy.alerts.channel import Message, Sender
from hedge_strategy.alerts.reader import AlertSettings, read_alerts
from hedge_strategy.cli.metered import METRICS_HELP, told_metrics
from hedge_strategy.cli.terminal import BROKEN_EXIT, configure_logs, one_line_errors, run_until_signalled
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import read_config
from hedge_strategy.config.schema import Config
from hedge_strategy.coordination.alert_board import AlertBoard, ToldNotice
from hedge_strategy.coordination.connection import check as check_redis
from hedge_strategy.coordination.connection import connect
from hedge_strategy.wiring import redis_settings

TEST_MARGIN_S = 5.0
"""How much longer than its own time-outs a channel is waited for."""

Settings = Annotated[Path, typer.Option("--config", help="Settings (YAML).")]
Rules = Annotated[Path | None, typer.Option("--rules", help="Rules and channels (YAML), before the settings' own.")]

alerts = typer.Typer(
    help="Look after the rules of alerts.yaml: say what goes wrong, and act where a rule says so.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@alerts.command()
def run(
    config: Settings = Path("config.yaml"),
    rules: Rules = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
    metrics: Annotated[str | None, typer.Option(help=METRICS_HELP)] = None,
) -> None:
    """Look after the rules until Ctrl-C. Several may run; one acts, and another takes over when it is gone."""
    configure_logs(as_json=log_json, process="alerts")
    with one_line_errors("hedge alerts run"):
        settings = read_config(config, os.environ)
        found = read_alerts(alerts_path(settings, rules), os.environ)
        clock = SystemClock()
        with told_metrics(metrics or settings.metrics.listen, "alerter", clock) as tally:
            code = run_until_signalled(make_alerter(settings, found, clock, tally))
        raise typer.Exit(code)


@alerts.command()
def check(
    config: Settings = Path("config.yaml"),
    rules: Rules = None,
    offline: Annotated[bool, typer.Option("--offline", help="Only read the file: no secrets, no journal.")] = False,
) -> None:
    """Check the rules and channels; sends nothing. Ends 2 at the first mistake."""
    configure_logs(as_json=False, process="alerts")
    with one_line_errors("hedge alerts check"):
        settings = read_config(config, os.environ)
        found = read_alerts(alerts_path(settings, rules), os.environ, needs_secrets=not offline)
        if not offline:
            check_sources(settings, found.file)
            open_channels(settings, found)
    for warning in warnings_of(settings, found.file):
        typer.echo(f"warning: {warning}", err=True)
    counts = f"{len(found.file.rules)} rules, {len(found.file.channels)} channels"
    typer.echo(f"ok: {counts}, Telegram {'obeys' if found.file.telegram is not None else 'is not set up'}")


@alerts.command()
def test(config: Settings = Path("config.yaml"), rules: Rules = None) -> None:
    """Send a test message to each channel and print a line for each. Ends 1 if one of them fails."""
    configure_logs(as_json=False, process="alerts")
    with one_line_errors("hedge alerts test"):
        settings = read_config(config, os.environ)
        found = read_alerts(alerts_path(settings, rules), os.environ)
        senders = open_channels(settings, found)
    failed = _try_all(settings, found, senders)
    if not senders:
        typer.echo("there is no channel")
    raise typer.Exit(BROKEN_EXIT if failed or not senders else 0)


@alerts.command("list")
def list_notices(
    config: Settings = Path("config.yaml"),
    limit: Annotated[int, typer.Option(min=1, max=500, help="So many of the newest notices.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the alerts that stand and the newest notices, with the channels that took them. Ends 1 if any stands."""
    configure_logs(as_json=False, process="alerts")
    with one_line_errors("hedge alerts list"):
        place = redis_settings(read_config(config, os.environ))
        with connect(place) as client:
            check_redis(client, place)
            board = AlertBoard(client)
            standing, recent = board.standing(), board.recent(limit)
    if json:
        told = [{**msgspec.to_builtins(one.notice), **msgspec.to_builtins(one.delivery)} for one in recent]
        typer.echo(msgspec.json.encode({"standing": standing, "recent": told}).decode())
    else:
        console = Console()
        console.print(f"{len(standing)} alerts stand", markup=False)
        for notice in standing:
            console.print(f"  {notice.severity}: {notice.name} {notice.market}: {notice.text}", markup=False)
        if recent:
            console.print(_table(recent))
    raise typer.Exit(BROKEN_EXIT if standing else 0)


def _try_all(settings: Config, found: AlertSettings, senders: dict[str, Sender]) -> bool:
    """All at the same time, so that one that hangs holds up no other; returns whether one failed."""
    message = Message("[TEST] hedge alerts test", "If you can read this, the channel works.")
    said: dict[str, str] = {}

    def send(name: str, sender: Sender) -> None:
        said[name] = sender.send(message)

    threads = {
        name: threading.Thread(target=send, args=(name, sender), daemon=True) for name, sender in senders.items()
    }
    for thread in threads.values():
        thread.start()
    patience_s = 2 * settings.alerts.channel_timeout_ms / 1000 + TEST_MARGIN_S
    by_ns = SystemClock().monotonic_ns() + int(patience_s * 1e9)
    for name, thread in threads.items():
        thread.join(max(0.0, (by_ns - SystemClock().monotonic_ns()) / 1e9))
        problem = said.get(name, f"no answer within {patience_s:.0f} s")
        typer.echo(f"{name} ({senders[name].service}): {problem or 'sent'}")
    return any(said.get(name, "hangs") for name in senders)


def _table(recent: tuple[ToldNotice, ...]) -> Table:
    table = Table(title="notices, newest first", title_justify="left")
    for column in ("when (UTC)", "state", "severity", "rule", "market", "what", "done", "sent by", "failed"):
        table.add_column(column)
    for one in recent:
        notice, delivery = one.notice, one.delivery
        when = datetime.fromtimestamp(notice.at_ms / 1000, UTC).strftime("%m-%d %H:%M:%S")
        sent, failed = ", ".join(delivery.delivered), ", ".join(delivery.failed)
        words = (notice.state, notice.severity, notice.name, notice.market, notice.text, notice.action, sent, failed)
        table.add_row(when, *words)
    return table
