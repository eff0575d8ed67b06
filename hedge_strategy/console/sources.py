"""What the console asks of the world beyond Redis: protocols, handed in from above. None of them can place an order."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from hedge_strategy.console.report import Held, Today
from hedge_strategy.domain.book import Level
from hedge_strategy.venues.port import BookTop


class VenueEyes(Protocol):
    """What the venues say themselves, from memory: nothing here waits for them. Safe to share between threads."""

    def follow(self, symbols: Sequence[str]) -> None:
        """These markets are wanted from now on; more than can be followed are passed over."""
        ...

    def positions(self) -> dict[tuple[str, str], Held]:
        """What is known of both accounts, by account (A, B) and market."""
        ...

    def book(self, symbol: str, depth: int) -> BookTop | None:
        """The best levels; None where the market is not followed."""
        ...

    def problem(self) -> str:
        """Why something is not known, in words; empty where all is."""
        ...

    def close(self) -> None:
        """Ends all connections."""
        ...


class NoEyes:
    """Asks no venue."""

    def follow(self, symbols: Sequence[str]) -> None:
        """Nothing is followed."""

    def positions(self) -> dict[tuple[str, str], Held]:
        """None."""
        return {}

    def book(self, symbol: str, depth: int) -> BookTop | None:
        """None."""
        return None

    def problem(self) -> str:
        """Why."""
        return "console.asks_venue is off: positions are as A and B say, and there is no book"

    def close(self) -> None:
        """Nothing is open."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """How one figure of a market went over time: unix ms and decimal text."""

    market: str
    points: tuple[tuple[int, str], ...]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened besides: when (unix ms), where, what, why."""

    at_ms: int
    market: str
    what: str
    why: str


class History(msgspec.Struct, frozen=True, kw_only=True):
    """How things went, for charts.

    Attributes:
        equity: what was earned, open positions included, quote units.
        exposure: A's and B's position together, base units.
        latency_ms: of each hedge, by the venue's clock.
        slippage_bps: of each hedge against A's price.
        marks: commands, and processes that paused or ended.
        source: `journal`; or `console`, which knows only the exposure that it has seen itself.
        problem: why there is no more, in words; empty where there is all.
    """

    equity: tuple[Line, ...] = ()
    exposure: tuple[Line, ...] = ()
    latency_ms: tuple[Line, ...] = ()
    slippage_bps: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()
    source: str = "console"
    problem: str = ""


class HedgeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One hedge out of the journal; amounts are decimal text."""

    at_ms: int
    order_index: str
    side: str
    size: str
    price: str
    maker_price: str
    slippage_bps: str
    latency_ms: str


class Figures(Protocol):
    """What the journal says. Safe to share between threads."""

    def today(self, now_ms: int) -> tuple[dict[str, Today], str]:
        """What each market earned since midnight UTC, and why there is nothing, in words."""
        ...

    def history(self, since_ms: int) -> History:
        """How things went since then."""
        ...

    def hedges(self, symbol: str, limit: int) -> tuple[HedgeRow, ...]:
        """The newest hedges of a market, newest first."""
        ...


def book_as_plain(top: BookTop | None) -> dict[str, Any]:
    """A book for JSON; decimal text."""
    if top is None:
        return {"bids": [], "asks": [], "is_live": False}

    def side(levels: Sequence[Level]) -> list[list[str]]:
        return [[f"{price:f}", f"{size:f}"] for price, size in levels]

    return {"bids": side(top.bids), "asks": side(top.asks), "is_live": top.is_live}
