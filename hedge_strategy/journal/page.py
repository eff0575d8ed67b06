"""The report as one page of HTML that needs nothing else: figures, pictures, what happened. Only text is made here.

Nothing in it is fetched from anywhere and nothing in it runs; every text that came from outside is escaped.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from html import escape

from hedge_strategy.journal.figures import Figures
from hedge_strategy.journal.reading import Earnings
from hedge_strategy.journal.series import Note

PICTURES = (
    ("equity", "Equity", "What was earned since the beginning, open positions at the newest price."),
    (
        "exposure",
        "Exposure",
        "A's and B's position together: what is not hedged at that moment. Of very many the largest are drawn.",
    ),
    (
        "latency",
        "Hedge latency",
        "From A's fill to the end of its hedge, by the venue's clock. Of very many points the slowest are drawn.",
    ),
    (
        "slippage",
        "Slippage",
        "What hedges cost against A's own fill price; below zero they were better. Of very many the dearest are drawn.",
    ),
)
_ROWS = (
    ("fills", "A's fills"),
    ("hedges", "hedges"),
    ("volume", "A's volume"),
    ("realised", "realised"),
    ("fees", "fees"),
    ("funding", "funding"),
    ("net", "net"),
    ("position_a", "open position of A"),
    ("position_b", "open position of B"),
    ("open_result", "open positions' result"),
    ("result", "result"),
    ("slippage", "slippage"),
    ("slippage_bps", "slippage, bps"),
    ("cost_bps", "cost, bps of volume"),
)
_LATENCIES = ("p50_ms", "p90_ms", "p99_ms", "max_ms")
_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #6a727a; --line: #d8dde2; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #98a0a8; --line: #333a41; --paper: #14181c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 0; }
p { color: var(--soft); margin: .2rem 0 .8rem; }
div { overflow-x: auto; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; } th, td { padding: .25rem .8rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; text-align: left; } td { font-variant-numeric: tabular-nums; text-align: right; }
td.text { text-align: left; }
"""


def report_page(
    earnings: Earnings, pictures: Mapping[str, str], notes: Sequence[Note], warnings: Sequence[str], now_ms: int
) -> str:
    """Writes the page.

    Args:
        earnings: the figures.
        pictures: SVG by name, see `PICTURES`.
        notes: what happened, oldest first.
        warnings: what a reader must know of the figures, in words.
        now_ms: when it is written, unix ms.
    """
    since = "the beginning" if earnings.since_ms == 0 else _moment(earnings.since_ms)
    parts = [
        f"<h1>Trading report</h1><p>Since {escape(since)}, written {_moment(now_ms)}.</p>",
        _figures([*earnings.markets, earnings.total] if len(earnings.markets) != 1 else earnings.markets),
        "".join(f"<p>{escape(warning)}</p>" for warning in warnings),
    ]
    for name, title, words in PICTURES:
        parts.append(f"<h2>{title}</h2><p>{escape(words)}</p><div>{pictures[name]}</div>")
    if notes:
        parts.append(f"<h2>What happened</h2>{_notes(notes)}")
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}<title>Trading report</title><style>{_STYLE}</style></head>'
        f"<body>\n{body}\n</body></html>\n"
    )


def _figures(columns: Sequence[Figures]) -> str:
    head = "".join(f"<th>{escape(one.market)}</th>" for one in columns)
    rows = [_row(words, [getattr(one, name) for one in columns]) for name, words in _ROWS]
    rows += [
        _row(f"hedge latency {name.removesuffix('_ms')}, ms", [getattr(one.latency, name) for one in columns])
        for name in _LATENCIES
    ]
    return f"<div><table><tr><th></th>{head}</tr>{''.join(rows)}</table></div>"


def _row(words: str, values: Sequence[int | Decimal | None]) -> str:
    cells = "".join(
        f"<td>{'' if value is None else f'{value:f}' if isinstance(value, Decimal) else value}</td>" for value in values
    )
    return f"<tr><th>{escape(words)}</th>{cells}</tr>"


def _notes(notes: Sequence[Note]) -> str:
    rows = "".join(
        f'<tr><td class="text">{_moment(note.at_ms)}</td><td class="text">{escape(note.market)}</td>'
        f'<td class="text">{escape(note.what)}</td><td class="text">{escape(note.why)}</td></tr>'
        for note in notes
    )
    return f"<div><table>{rows}</table></div>"


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
