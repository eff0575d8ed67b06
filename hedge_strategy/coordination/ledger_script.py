"""How the ledger's scripts are called: keys, bounds, the epoch and sequence that the caller believes in, refusals.

A ledger in Redis carries an epoch, set by whoever (re)built it, and a sequence that each change counts up. A caller
that knows an epoch names it with every call, and the highest sequence it has been told. Redis refuses, and does
nothing, when the ledger's epoch is another or missing (FLUSHALL, a restart without data), or its sequence is lower (a
restart or a replica that lacks the last second): `LedgerForgotten`.

Known limits: a caller that believes in no epoch is refused only while the ledger is being rebuilt. A lost tail goes
unnoticed by whoever had not been told of it (a process whose disk is behind: `ledger_restore.standing` takes what is
known of a restarted Redis), and by all once new changes have counted past it.
"""

import threading
from dataclasses import dataclass
from typing import Any

import redis

from hedge_strategy.coordination.keys import MarketKeys, market_keys, order_name
from hedge_strategy.coordination.scripts import Script
from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.errors import FillContradicted, InvariantBroken, LedgerForgotten, StaleOwner


@dataclass(frozen=True, slots=True)
class LedgerBounds:
    """How much of what is done the ledger keeps; the same for all that use one ledger.

    Attributes:
        finished_kept: final orders without a row that are still known by name.
        quiet_kept: orders without a row that are not final, known by name; more than may be open on a venue at once
            (1500 an account: venue fact sheet 5).
        quiet_rows_kept: rows that are fully hedged but not final.
        quiet_row_age_ms: how long after its last change such a row stays at most, Redis' clock.
    """

    finished_kept: int = 2_048
    quiet_kept: int = 4_096
    quiet_rows_kept: int = 256
    quiet_row_age_ms: int = 600_000


class LedgerScript:
    """One market's ledger as seen by one process. Safe to share between threads.

    Args:
        client: the connection.
        market: the maker's symbol.
        bounds: how much is kept.
        file_name: the operations, such as `hedge_ledger.lua`.
        is_quick: it has a connection of its own.
    """

    def __init__(
        self, client: redis.Redis, market: str, bounds: LedgerBounds, file_name: str, *, is_quick: bool = False
    ) -> None:
        self.keys: MarketKeys = market_keys(market)
        self._script = Script(client, "ledger_store.lua", file_name, is_quick=is_quick)
        self._bounds = (bounds.finished_kept, bounds.quiet_kept, bounds.quiet_rows_kept, bounds.quiet_row_age_ms)

    def __call__(
        self,
        operation: str,
        name: OrderKey | str,
        arguments: tuple[str | int, ...],
        *,
        fencing: int | None = None,
        belief: tuple[str, int] = ("", 0),
        index: str | None = None,
    ) -> Any:
        """Runs an operation.

        Args:
            operation: which.
            name: the order it is about; empty for none.
            arguments: what the operation takes.
            fencing: the caller's fencing number, None where the operation asks for none.
            belief: epoch, empty for none, and lowest sequence.
            index: stands in for the index of open orders, for operations that walk over one.

        Returns:
            Verdict, sequence, and what the operation says.

        Raises:
            LedgerForgotten: the ledger is not the one that the caller knew.
            StaleOwner: the fencing number is not the newest.
            InvariantBroken: a promise would not hold.
            FillContradicted: a fill cannot be, by what the ledger holds.
            RedisUnavailable: no answer.
        """
        keys, text = self.keys, order_name(name) if isinstance(name, OrderKey) else name
        reply = self._script(
            (
                keys.order_prefix + text,
                index or keys.open_orders,
                keys.unfinished,
                keys.totals,
                keys.fence,
                keys.marker,
                keys.window,
                keys.finished,
                keys.quiet,
                keys.quiet_rows,
            ),
            (operation, text, "" if fencing is None else fencing, *belief, *self._bounds, *arguments),
        )
        verdict = reply[0]
        if verdict == b"forgotten":
            raise LedgerForgotten(f"{keys.market}: the ledger is not the one that was known: {reply[2].decode()}")
        if verdict == b"stale":
            newest = reply[2].decode() or "none"
            raise StaleOwner(f"{keys.market}: fencing number {fencing} is not the newest ({newest})")
        if verdict in (b"broken", b"contradicted"):
            error = InvariantBroken if verdict == b"broken" else FillContradicted
            raise error(f"{keys.market}: {operation} of {name or 'the ledger'}: {reply[2].decode()}")
        return reply


class Belief:
    """Which ledger a process believes in: the epoch, and the highest sequence it was told. Safe to share.

    Args:
        epoch: empty for none.
        sequence: the highest that was ever seen of this epoch.
    """

    def __init__(self, epoch: str, sequence: int) -> None:
        self._lock = threading.Lock()
        self._held = (epoch, sequence)
        """Replaced as a whole, under the lock; who reads needs none."""

    def read(self) -> tuple[str, int]:
        """Epoch and sequence, as of one moment."""
        return self._held

    def change(self, epoch: str, sequence: int) -> None:
        """Believes in this ledger from now on; what was told of the same one before still holds."""
        with self._lock:
            known, told = self._held
            self._held = (epoch, max(sequence, told if epoch == known else 0))

    def told(self, epoch: str, sequence: int) -> None:
        """Takes in a sequence from an answer to a call that named this epoch."""
        with self._lock:
            known, told = self._held
            if epoch == known and sequence > told:
                self._held = (known, sequence)
