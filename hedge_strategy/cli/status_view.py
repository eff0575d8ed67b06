"""What `hedge status` prints: a table of the markets, and a line for whatever else there is to say."""

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from hedge_strategy.console.report import MarketStatus, Report
from hedge_strategy.venues.self_trades import SelfTrades


def view(report: Report) -> Group:
    """What is printed.

    Args:
        report: of all markets.
    """
    table = Table(title="markets", title_justify="left")
    for column in ("market", "A", "B", "owner", "unhedged lots", "last fill", "last hedge"):
        table.add_column(column)
    for one in report.markets:
        lease = "nobody" if one.lease is None else f"{one.lease['owner']}, lane {one.lease['lane']}"
        unhedged = f"{one.unhedged_lots} ({one.in_flight_lots} in flight)"
        last_fill, last_hedge = _last(one.maker.get("last_fill"), "filled"), _last(one.hedger.get("last_hedge"), "how")
        table.add_row(one.market, _words(one.maker), _words(one.hedger), lease, unhedged, last_fill, last_hedge)
    lines: list[str] = []
    for hedger in report.hedgers:
        most = "" if hedger.max_markets is None else f" of at most {hedger.max_markets}"
        ends = "" if hedger.stays else " (about to end)"
        owned = ", ".join(hedger.owns) or "none"
        lines.append(f"{hedger.name} owns {len(hedger.owns)}{most}: {owned}{ends}")
    for one in report.markets:
        lines += _self_trades(one)
        if one.command is not None:
            by = one.command["sent_by"] or "the user"
            said = f"{one.market}: {one.command['action']} by {by} {one.command['reason']}"
            lines.append(said.rstrip())
        lines += [f"{one.market}: {problem}" for problem in one.problems]
    lines += [f"warning: {warning}" for warning in report.warnings]
    if not report.markets:
        lines.append("no process is alive and no A has ever run on this Redis")
    return Group(table, *(Text(line) for line in lines))


def _self_trades(one: MarketStatus) -> list[str]:
    """What A and B found out at their start; they could differ where one runs on other settings."""
    told = [said["self_trades"] for said in (one.maker, one.hedger) if "self_trades" in said]
    return [f"{one.market}: self-trades are {SelfTrades(how).words}" for how in dict.fromkeys(told)]


def _words(said: dict[str, Any]) -> str:
    return f"{said['state']}: {said['reason']}" if said.get("reason") else str(said["state"])


def _last(said: dict[str, Any] | None, word: str) -> str:
    return "" if said is None else f"{said['side']} {said['filled']}" + (f", {said[word]}" if word != "filled" else "")
