"""The truth: every trade, order, transaction, position and fill frame of the exchange, complete and in order.

Promises: what the exchange did is here whether or not any client was told. A query returns rows in the order in which
they first happened; orders, transactions and positions show their latest state. The JSON-lines file, if asked for,
gets one line per change, each with a `kind`; of several lines for one order, transaction or position the last counts.

Memory is bounded: rows go to a temporary SQLite database that spills to disk and vanishes with the process; at most
`MAX_BUFFERED` rows wait outside it. Known limit: an answer to a query is built in memory, so ask with `since_ns` or
`limit` on runs of millions of trades.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

import msgspec

MAX_BUFFERED: Final = 256
MAX_ROWS: Final = 1_000_000

KINDS: Final = ("trade", "order", "transaction", "position", "frame")


class TradeTruth(msgspec.Struct, tag="trade", tag_field="kind", kw_only=True):
    """One match. Prices and sizes are decimal strings, times unix nanoseconds."""

    trade_id: int
    market_index: int
    price: str
    size: str
    ask_account_index: int
    bid_account_index: int
    ask_order_index: int
    bid_order_index: int
    ask_client_order_index: int
    bid_client_order_index: int
    is_maker_ask: bool
    executed_ns: int
    tx_hash: str


class OrderTruth(msgspec.Struct, tag="order", tag_field="kind", kw_only=True):
    """The latest state of one order; `status` is the venue's text (venue fact sheet 4.1)."""

    order_index: int
    client_order_index: int
    account_index: int
    market_index: int
    is_ask: bool
    type: str
    time_in_force: str
    reduce_only: bool
    price: str
    initial_size: str
    filled_size: str
    filled_quote: str
    status: str
    tx_hash: str
    created_ns: int
    updated_ns: int


class TransactionTruth(msgspec.Struct, tag="transaction", tag_field="kind", kw_only=True):
    """One receipt of a transaction: the same bytes sent twice are two of these.

    `code` is that of the refusal at the door, else the one it ended with (200 until it was executed); `status` is how
    it stands (venue fact sheet 2.6: 0 failed, 1 pending, 2 executed); `reason` says why it had no effect.
    """

    receipt: int
    hash: str
    tx_type: int
    account_index: int
    api_key_index: int
    nonce: int
    market_index: int | None
    received_ns: int
    executed_ns: int | None
    code: int
    via: str
    status: int
    reason: str = ""


class PositionTruth(msgspec.Struct, tag="position", tag_field="kind", kw_only=True):
    """The latest position of an account in a market; `size` is signed, negative is short."""

    account_index: int
    market_index: int
    size: str
    entry_quote: str
    realized_pnl: str
    updated_ns: int


class FrameTruth(msgspec.Struct, tag="frame", tag_field="kind", kw_only=True):
    """The first moment at which a frame with this fill was handed to a socket of this account."""

    trade_id: int
    market_index: int
    account_index: int
    channel: str
    framed_ns: int


Row = TradeTruth | OrderTruth | TransactionTruth | PositionTruth | FrameTruth

_SCHEMA = """CREATE TABLE {kind}_rows (number INTEGER PRIMARY KEY, key TEXT UNIQUE, account INTEGER, other INTEGER,
market INTEGER, at_ns INTEGER, body BLOB)"""
_UPSERT = """INSERT INTO {kind}_rows (key, account, other, market, at_ns, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT(key) DO UPDATE SET at_ns = excluded.at_ns, body = excluded.body"""


def indexes_of(row: Row) -> tuple[str, str, int, int, int | None, int]:
    """(kind, key, account, other account, market, time) by which a row is found again."""
    match row:
        case TradeTruth():
            key = f"{row.market_index}:{row.trade_id}"
            return "trade", key, row.ask_account_index, row.bid_account_index, row.market_index, row.executed_ns
        case OrderTruth():
            return "order", str(row.order_index), row.account_index, -1, row.market_index, row.updated_ns
        case TransactionTruth():
            return "transaction", str(row.receipt), row.account_index, -1, row.market_index, row.received_ns
        case PositionTruth():
            key = f"{row.account_index}:{row.market_index}"
            return "position", key, row.account_index, -1, row.market_index, row.updated_ns
        case FrameTruth():
            key = f"{row.market_index}:{row.trade_id}:{row.account_index}"
            return "frame", key, row.account_index, -1, row.market_index, row.framed_ns


class TruthLog:
    """Takes rows from the exchange's loop; answers queries; writes the JSON-lines file."""

    def __init__(self, file: Path | None = None) -> None:
        """Raises OSError when the file cannot be written."""
        self._file: IO[bytes] | None = file.open("wb") if file is not None else None
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("PRAGMA synchronous=OFF")
        for kind in KINDS:
            self._database.execute(_SCHEMA.format(kind=kind))
        self._buffer: list[Row] = []
        self._framed: set[tuple[int, int, int]] = set()
        self._encoder = msgspec.json.Encoder()

    def put(self, row: Row) -> None:
        """Adds a row, or replaces the one it is a later state of."""
        self._buffer.append(row)
        if len(self._buffer) >= MAX_BUFFERED:
            self.flush()

    def put_frame(self, row: FrameTruth) -> None:
        """Adds the frame unless this account was told of this trade before."""
        if row.account_index < 0:
            return
        key = (row.market_index, row.trade_id, row.account_index)
        if key in self._framed:
            return
        if len(self._framed) >= 4 * MAX_BUFFERED:
            # Older ones are recognised in the database: the first row stays there.
            self._framed.clear()
        self._framed.add(key)
        self.put(row)

    def flush(self) -> None:
        """Moves buffered rows to the database and the file."""
        if not self._buffer:
            return
        rows, self._buffer = self._buffer, []
        bodies = [self._encoder.encode(row) for row in rows]
        if self._file is not None:
            self._file.write(b"\n".join(bodies) + b"\n")
            self._file.flush()
        by_kind: dict[str, list[tuple[str, int, int, int | None, int, bytes]]] = {}
        for row, body in zip(rows, bodies, strict=True):
            kind, *indexes = indexes_of(row)
            by_kind.setdefault(kind, []).append((*indexes, body))  # type: ignore[arg-type]
        self._database.execute("BEGIN")
        for kind, values in by_kind.items():
            statement = _UPSERT.format(kind=kind)
            if kind == "frame":
                statement = statement[: statement.index("DO UPDATE")] + "DO NOTHING"
            self._database.executemany(statement, values)
        self._database.execute("COMMIT")

    def query(
        self,
        kind: str,
        account_index: int | None = None,
        market_index: int | None = None,
        since_ns: int | None = None,
        limit: int = MAX_ROWS,
    ) -> bytes:
        """The rows of a kind as JSON text: `{"<kind>s": [...]}`, in the order in which they first happened."""
        self.flush()
        where, values = ["1"], []
        if account_index is not None:
            where.append("(account = ? OR other = ?)")
            values += [account_index, account_index]
        if market_index is not None:
            where.append("market = ?")
            values.append(market_index)
        if since_ns is not None:
            where.append("at_ns >= ?")
            values.append(since_ns)
        found = self._database.execute(
            f"SELECT key, body FROM {kind}_rows WHERE {' AND '.join(where)} ORDER BY number LIMIT ?", (*values, limit)
        )
        bodies = self._with_frames(found) if kind == "trade" else (body for _, body in found)
        return b'{"' + kind.encode() + b's":[' + b",".join(bodies) + b"]}"

    def count(self, kind: str) -> int:
        """How many rows of a kind there are."""
        self.flush()
        (number,) = self._database.execute(f"SELECT COUNT(*) FROM {kind}_rows").fetchone()
        return int(number)

    def close(self) -> None:
        """Writes what is left and closes both stores."""
        self.flush()
        self._database.close()
        if self._file is not None:
            self._file.close()

    def _with_frames(self, found: Iterable[tuple[str, bytes]]) -> Iterable[bytes]:
        # A trade shows when each side was told of it, which is known only after the trade was stored.
        decoder = msgspec.json.Decoder(TradeTruth)
        for key, body in list(found):
            trade = decoder.decode(body)
            told = dict(
                self._database.execute(
                    "SELECT account, at_ns FROM frame_rows WHERE key IN (?, ?)",
                    (f"{key}:{trade.ask_account_index}", f"{key}:{trade.bid_account_index}"),
                )
            )
            sides = {
                "ask_framed_ns": told.get(trade.ask_account_index),
                "bid_framed_ns": told.get(trade.bid_account_index),
            }
            yield body[:-1] + b"," + self._encoder.encode(sides)[1:]
