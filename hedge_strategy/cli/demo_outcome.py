"""How a demo ended, as people and programs read it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hedge_strategy.cli.demo_report import Figures
from hedge_strategy.domain.audit import AuditReport


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds.

    Attributes:
        traded_s: for how long the market moved.
        total_s: from the first process to the last.
    """

    traded_s: float
    total_s: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What the demo ran on.

    Attributes:
        market: symbol.
        size_decimals: of the market.
        redis: which Redis.
    """

    market: str
    size_decimals: int
    redis: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """All there is to say.

    Attributes:
        ok: A was filled, the audit holds, and nothing else went wrong.
        setting: what it ran on.
        figures: from the exchange's truth, as last read.
        audit: counted on the venue; None where that could not be done.
        problems: all that went wrong, in words.
        times: how long it took.
    """

    ok: bool
    setting: Setting
    figures: Figures
    audit: AuditReport | None
    problems: tuple[str, ...]
    times: Times


def judge(
    setting: Setting, figures: Figures, audit: AuditReport | None, problems: Sequence[str], times: Times
) -> Outcome:
    """Decides whether the demo showed what it should.

    Args:
        setting: what it ran on.
        figures: from the exchange's truth.
        audit: counted on the venue, if it was.
        problems: what went wrong on the way.
        times: how long it took.
    """
    found = list(problems)
    if audit is not None:
        found += [f"the audit does not hold: {problem}" for problem in audit.problems]
        if not figures.fills:
            found.append("A was not filled even once; give it more --seconds or a smaller --depth")
        if figures.net:
            found.append(f"A and B hold {figures.net:f} {setting.market} together instead of nothing")
    return Outcome(audit is not None and audit.ok and not found, setting, figures, audit, tuple(found), times)


def json_report(outcome: Outcome) -> dict[str, Any]:
    """For programs: the contract's keys first, in its order."""
    figures, setting = outcome.figures, outcome.setting
    return {
        "ok": outcome.ok,
        "fills": figures.fills,
        "hedges": figures.hedges,
        "net": {setting.market: _size(figures.net, setting)},
        "latency_us": {
            "p50": figures.latency_us(50),
            "p99": figures.latency_us(99),
            "max": figures.latency_us(100),
        },
        "seconds": round(outcome.times.traded_s, 1),
        "total_seconds": round(outcome.times.total_s, 1),
        "filled_orders": figures.filled_orders,
        "volume": _size(figures.volume, setting),
        "unmeasured": figures.unmeasured,
        "residuals": _residuals(outcome.audit),
        "redis": setting.redis,
        "problems": list(outcome.problems),
    }


def text_report(outcome: Outcome) -> str:
    """For people."""
    figures, setting, times = outcome.figures, outcome.setting, outcome.times
    residuals = _residuals(outcome.audit)
    lines = [
        f"{setting.market} for {times.traded_s:.1f} s ({times.total_s:.1f} s with start and stop), "
        f"Redis: {setting.redis or 'not started'}",
        f"  fills      {figures.fills} of A in {figures.filled_orders} orders, {_size(figures.volume, setting)} in all",
        f"  hedges     {figures.hedges} orders of B",
        f"  positions  A {_size(figures.maker_position, setting)}, B {_size(figures.hedger_position, setting)}, "
        f"net exposure {_size(figures.net, setting)}",
        f"  latency    {_latency(figures)}",
        f"  residuals  {_residual_text(outcome.audit, residuals)}",
        "ok: every fill is hedged, none twice" if outcome.ok else "NOT ok",
    ]
    return "\n".join(lines)


def _latency(figures: Figures) -> str:
    if not figures.latencies_ns:
        return "not measured"
    p50, p99, most = (f"{figures.latency_us(percent):,} µs" for percent in (50, 99, 100))
    missing = f"; {figures.unmeasured} fills not measured" if figures.unmeasured else ""
    return f"p50 {p50}, p99 {p99}, max {most} from the frame with the fill to the signed hedge{missing}"


def _residuals(audit: AuditReport | None) -> dict[str, str]:
    """What is not hedged, or too much, by order index; JSON has no keys but text."""
    return (
        {str(order.order_index): order.residual for order in audit.orders if Decimal(order.residual)} if audit else {}
    )


def _residual_text(audit: AuditReport | None, residuals: dict[str, str]) -> str:
    if audit is None:
        return "not counted"
    if not residuals:
        return f"none in {len(audit.orders)} orders, counted on the venue"
    return ", ".join(f"{size} of order {index}" for index, size in residuals.items())


def _size(size: Decimal, setting: Setting) -> str:
    return f"{size:.{setting.size_decimals}f}"
