"""The tables. Money and sizes are exact decimal text with the venue's own decimals; times are whole numbers.

From the venues: `markets`, `trades`, `orders`, `funding`. Derived from these: `positions`, `hedges`. Heard in Redis:
`fill_messages`, `results`, `commands`, `states`. Kept aside: `bad_rows`. The journal's own: `marks`.

Every primary key is natural: who (venue and account), where (market), which (trade, order, attempt, payment).
`maker_order_index` joins a hedge to the order of A that it hedges, and names itself in A's own rows; it is null where
an order closes a position or is not ours. Known limit: a sum over text is not one that SQL can do exactly; cast it to
NUMERIC where the database has such a type (PostgreSQL), or let `hedge pnl` do it.
"""

from decimal import Decimal, localcontext

from sqlalchemy import BigInteger, Boolean, Column, Dialect, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.types import TypeDecorator

SCHEMA_VERSION = 1
_DIGITS_MAX = 80


class Exact(TypeDecorator[Decimal]):
    """A decimal number kept as the text that it is written with; zero has no sign."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """To the database."""
        if value is None:
            return None
        return f"{value.copy_abs() if value.is_zero() else value:f}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """From it."""
        with localcontext(prec=_DIGITS_MAX):
            return None if value is None else Decimal(value)


METADATA = MetaData()


def _key(name: str) -> "Column[int]":
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _place() -> "tuple[Column[str], Column[int], Column[int]]":
    return Column("venue", String(64), primary_key=True), _key("account_index"), _key("market_index")


def _exact(name: str, *, nullable: bool = False) -> "Column[Decimal]":
    return Column(name, Exact, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> "Column[int]":
    return Column(name, BigInteger, nullable=nullable)


def _text(name: str) -> "Column[str]":
    return Column(name, Text, nullable=False)


MARKETS = Table(
    "markets",
    METADATA,
    Column("role", String(1), primary_key=True),
    *_place(),
    _text("symbol"),
    Column("size_decimals", Integer, nullable=False),
    Column("price_decimals", Integer, nullable=False),
    _number("maker_market_index"),
    _number("begin_trade_id"),
    _number("begin_at_ms"),
)

TRADES = Table(
    "trades",
    METADATA,
    *_place(),
    _key("trade_id"),
    Column("side", String(4), primary_key=True),
    _text("kind"),
    _number("order_index"),
    _number("client_order_index"),
    Column("is_maker", Boolean, nullable=False),
    _exact("size"),
    _exact("price"),
    _exact("quote"),
    _exact("fee_rate"),
    _exact("fee"),
    _number("executed_at_us"),
    _number("counter_account_index"),
    _exact("position_before", nullable=True),
    _exact("entry_quote_before", nullable=True),
    _exact("venue_pnl", nullable=True),
    _text("purpose"),
    _number("maker_order_index", nullable=True),
    _number("attempt", nullable=True),
    Index("trades_by_maker_order", "venue", "account_index", "market_index", "maker_order_index"),
    Index("trades_by_time", "executed_at_us"),
)

ORDERS = Table(
    "orders",
    METADATA,
    *_place(),
    _key("order_index"),
    _number("client_order_index"),
    Column("side", String(4), nullable=False),
    _exact("price"),
    _exact("size"),
    _exact("filled_size"),
    _exact("filled_quote"),
    _text("status"),
    _text("reason"),
    _number("ended_at_ms"),
    _text("purpose"),
    _number("maker_order_index", nullable=True),
    _number("attempt", nullable=True),
)

FUNDING = Table(
    "funding",
    METADATA,
    *_place(),
    _key("funding_id"),
    _exact("amount"),
    _exact("rate"),
    _exact("position"),
    _number("paid_at_ms"),
)

POSITIONS = Table(
    "positions",
    METADATA,
    *_place(),
    _key("trade_id"),
    Column("side", String(4), primary_key=True),
    _exact("position_after"),
    _exact("entry_quote_after"),
    _exact("realised"),
    Column("is_after_gap", Boolean, nullable=False),
)

HEDGES = Table(
    "hedges",
    METADATA,
    *_place(),
    _key("maker_order_index"),
    _key("attempt"),
    _text("symbol"),
    _number("order_index"),
    _number("client_order_index"),
    Column("side", String(4), nullable=False),
    _exact("size"),
    _exact("quote"),
    _exact("fee"),
    _exact("matched_size"),
    _exact("maker_quote"),
    _exact("slippage"),
    _number("filled_at_us", nullable=True),
    _number("executed_at_us"),
    _number("latency_us", nullable=True),
    Index("hedges_by_time", "executed_at_us"),
)

FILL_MESSAGES = Table(
    "fill_messages",
    METADATA,
    _key("account_index"),
    _key("market_index"),
    _key("order_index"),
    Column("filled_base_amount", String(64), primary_key=True),
    Column("is_final", Boolean, primary_key=True),
    _text("market"),
    _text("filled_quote_amount"),
    Column("side", String(4), nullable=False),
    _number("filled_at_ms"),
    _number("last_trade_id"),
    _text("maker_id"),
    _number("sequence"),
)

RESULTS = Table(
    "results",
    METADATA,
    _key("maker_account_index"),
    _key("maker_market_index"),
    _key("maker_order_index"),
    _key("client_order_index"),
    Column("status", String(16), primary_key=True),
    Column("hedged_base_amount", String(64), primary_key=True),
    _text("market"),
    _number("account_index"),
    _number("market_index"),
    _number("order_index"),
    Column("side", String(4), nullable=False),
    _text("filled_base_amount"),
    _text("filled_quote_amount"),
    _text("maker_filled_base_amount"),
    _text("reason"),
    _number("executed_at_ms"),
    _text("hedger_id"),
)

COMMANDS = Table(
    "commands",
    METADATA,
    Column("command_id", String(48), primary_key=True),
    _number("given_at_ms"),
    _text("action"),
    _text("market"),
    _text("reason"),
    _text("sent_by"),
)

STATES = Table(
    "states",
    METADATA,
    Column("who", String(256), primary_key=True),
    _key("changed_at_ms"),
    _text("role"),
    _text("market"),
    _text("state"),
    _text("reason"),
)

BAD_ROWS = Table(
    "bad_rows",
    METADATA,
    Column("digest", String(64), primary_key=True),
    _text("source"),
    _text("problem"),
    _text("content"),
    _number("seen_at_ms"),
)

MARKS = Table("marks", METADATA, Column("name", String(256), primary_key=True), _text("value"))

DERIVED = (POSITIONS, HEDGES)
REBUILT = (MARKETS, TRADES, ORDERS, FUNDING, *DERIVED)
"""What a journal made anew from the venues must have the same as this one."""
