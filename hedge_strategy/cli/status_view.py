"""What `hedge status` prints: a table of the markets, and a line for whatever else there is to say."""

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from hedge_strategy.console.report import Held, MarketStatus, Report
from hedge_strategy.venues.self_trades import SelfTrades


def view(report: Report) -> Group:
    """What is printed.

    Args:
        report: of all markets.
    """
    table = Table(title="markets", title_justify="left")
    for column in ("market", "A", "B", "owner", "unhedged lots", "last fill", "last hedge", "fill to hedge"):
        table.add_column(column)
    held = Table(title="positions, as the venue says", title_justify="left")
    for column in ("market", "A", "B", "together", "A's order", "sends left", "volume today", "fees", "result"):
        held.add_column(column)
    for one in report.markets:
        lease = "nobody" if one.lease is None else f"{one.lease['owner']}, lane {one.lease['lane']}"
        unhedged = f"{one.unhedged_lots} ({one.in_flight_lots} in flight)"
        if one.unhedged_for_ms is not None:
            unhedged += f" for {one.unhedged_for_ms / 1000:.1f} s"
        last_fill, last_hedge = _last(one.maker.get("last_fill"), "filled"), _last(one.hedger.get("last_hedge"), "how")
        took = "" if one.latency_ms is None else f"{one.latency_ms} ms"
        table.add_row(one.market, _words(one.maker), _words(one.hedger), lease, unhedged, last_fill, last_hedge, took)
        held.add_row(*_position_row(one))
    lines = [f"Redis answers in {report.redis_ms:g} ms"] if report.markets else []
    if report.journal and report.markets:
        lines.append(f"no volume, fees and result of today: {report.journal}")
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
    return Group(table, *((held,) if report.markets else ()), *(Text(line) for line in lines))


def _position_row(one: MarketStatus) -> tuple[str, ...]:
    order, today = one.maker.get("order"), one.today
    resting = "" if not order else f"{order['phase']} {order['side']} {order['size']} at {order['price']}"
    left = ", ".join(
        f"{name} {said['sends_left']}" for name, said in (("A", one.maker), ("B", one.hedger)) if "sends_left" in said
    )
    earned = ("", "", "") if today is None else (today.volume, today.fees, today.result)
    return (
        one.market,
        _held(one.positions.get("A")),
        _held(one.positions.get("B")),
        one.exposure or "",
        resting,
        left,
        *earned,
    )


def _held(held: Held | None) -> str:
    if held is None:
        return "not known"
    how = "asked now" if held.told_by == "venue" else f"{held.told_by}, {held.age_ms / 1000:.0f} s ago"
    return f"{held.size} ({how})"


def _self_trades(one: MarketStatus) -> list[str]:
    """What A and B found out at their start; they could differ where one runs on other settings."""
    told = [said["self_trades"] for said in (one.maker, one.hedger) if "self_trades" in said]
    return [f"{one.market}: self-trades are {SelfTrades(how).words}" for how in dict.fromkeys(told)]


def _words(said: dict[str, Any]) -> str:
    return f"{said['state']}: {said['reason']}" if said.get("reason") else str(said["state"])


def _last(said: dict[str, Any] | None, word: str) -> str:
    return "" if said is None else f"{said['side']} {said['filled']}" + (f", {said[word]}" if word != "filled" else "")
