"""What a demo shows while it runs, on standard error: a live table on a terminal, else a line now and then."""

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Final, Protocol

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hedge_strategy.cli.demo_report import Figures, Order, Records, figures_of

LINE_EVERY_S: Final = 5
TRADES_SHOWN: Final = 8
REFRESH_PER_S: Final = 8


@dataclass(frozen=True, slots=True)
class DemoTitle:
    """What does not change during a demo.

    Attributes:
        market: symbol.
        price_decimals: of that market.
        size_decimals: of that market.
        seconds: how long it trades.
    """

    market: str
    price_decimals: int
    size_decimals: int
    seconds: float

    def price(self, price: Decimal) -> str:
        """As the market writes it."""
        return f"{price:.{self.price_decimals}f}"

    def size(self, size: Decimal) -> str:
        """As the market writes it."""
        return f"{size:.{self.size_decimals}f}"


class DemoView(Protocol):
    """Shows; entered before the first call."""

    def __enter__(self) -> "DemoView":
        """Begins to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Gives the terminal back."""
        ...

    def say(self, text: str) -> None:
        """Tells what is being done."""
        ...

    def show(self, records: Records, elapsed_s: float) -> None:
        """Shows how things stand."""
        ...


class PlainView:
    """One line every `LINE_EVERY_S` seconds."""

    def __init__(self, title: DemoTitle) -> None:
        self._title = title
        self._next_s = float(LINE_EVERY_S)

    def __enter__(self) -> "PlainView":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace

    def say(self, text: str) -> None:
        """One line."""
        typer.echo(f"demo: {text}", err=True)

    def show(self, records: Records, elapsed_s: float) -> None:
        """One line, unless the last was just now."""
        if elapsed_s < self._next_s:
            return
        self._next_s += LINE_EVERY_S
        self.say(progress_line(figures_of(records), self._title, elapsed_s))


class LiveView:
    """A table that is drawn again and again."""

    def __init__(self, title: DemoTitle, console: Console) -> None:
        self._title = title
        self._said = deque[str](maxlen=1)
        self._live = Live(console=console, refresh_per_second=REFRESH_PER_S, transient=True)

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._live.stop()

    def say(self, text: str) -> None:
        """A line above the table."""
        self._live.console.print(f"demo: {text}", highlight=False)

    def show(self, records: Records, elapsed_s: float) -> None:
        """The table."""
        self._live.update(live_table(records, self._title, elapsed_s))


def make_view(title: DemoTitle) -> DemoView:
    """The live table where standard error is a terminal, else lines."""
    console = Console(stderr=True)
    return LiveView(title, console) if console.is_terminal else PlainView(title)


def progress_line(figures: Figures, title: DemoTitle, elapsed_s: float) -> str:
    """How things stand, in one line."""
    return (
        f"{elapsed_s:.0f} of {title.seconds:.0f} s · quote {_quote(figures.resting, title)} · {figures.fills} fills · "
        f"{figures.hedges} hedges · A {title.size(figures.maker_position)} B {title.size(figures.hedger_position)} "
        f"net {title.size(figures.net)} {title.market} · latency {latency_text(figures)}"
    )


def latency_text(figures: Figures) -> str:
    """p50, p99 and the last one, in microseconds."""
    if not figures.latencies_ns:
        return "none yet"
    last = figures.latencies_ns[-1] // 1_000
    return f"p50 {figures.latency_us(50):,} µs, p99 {figures.latency_us(99):,} µs, last {last:,} µs"


def live_table(records: Records, title: DemoTitle, elapsed_s: float) -> Group:
    """The view of a terminal: figures, and below them the latest trades of both accounts."""
    figures = figures_of(records)
    facts = Table.grid(padding=(0, 2))
    for name, text in (
        ("time", f"{elapsed_s:.0f} of {title.seconds:.0f} s"),
        ("A's quote", _quote(figures.resting, title)),
        ("fills", f"{figures.fills} in {figures.filled_orders} orders"),
        ("hedges", str(figures.hedges)),
        ("A holds", title.size(figures.maker_position)),
        ("B holds", title.size(figures.hedger_position)),
        ("exposure", f"{title.size(figures.net)} {title.market}"),
        ("latency", latency_text(figures)),
    ):
        facts.add_row(Text(name, style="bold"), text)
    return Group(facts, "", _latest_trades(records, title), Text("Ctrl-C stops in order and reports", style="dim"))


def _latest_trades(records: Records, title: DemoTitle) -> Table:
    trades = Table("trade", "account", "side", "size", "price", title=f"latest in {title.market}", title_justify="left")
    for number in sorted(records.trades)[-TRADES_SHOWN:]:
        trade = records.trades[number]
        for name, account in (("A filled", records.maker), ("B hedged", records.hedger)):
            if account in (trade.ask_account_index, trade.bid_account_index):
                side = "sell" if account == trade.ask_account_index else "buy"
                trades.add_row(str(number), name, side, title.size(trade.size), title.price(trade.price))
    return trades


def _quote(resting: tuple[Order, ...], title: DemoTitle) -> str:
    if not resting:
        return "none"
    order = resting[-1]
    filled = f" ({title.size(order.filled_size)} filled)" if order.filled_size else ""
    side = "sell" if order.is_ask else "buy"
    return f"{side} {title.size(order.initial_size)} at {title.price(order.price)}{filled}"
