"""All of Redis that a person reads and gives orders with: `hedge status` and its kind, and the console."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import redis

from hedge_strategy.clock import Clock
from hedge_strategy.coordination.checkpoint import markets_with_a_maker
from hedge_strategy.coordination.commands import Commands
from hedge_strategy.coordination.health import answer_time_ms
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.hedger_registry import HedgerRegistry, LiveHedger
from hedge_strategy.coordination.lease import Leases
from hedge_strategy.coordination.ledger_rows import Totals
from hedge_strategy.coordination.status_board import StatusBoard, markets_of


@dataclass(frozen=True, slots=True)
class Switchboard:
    """What a person at the keyboard reads and gives orders with: all of it in Redis.

    Attributes:
        commands: to be sent, and what became of them.
        board: what each process says of itself.
        leases: who owns which market.
        hedgers: that share markets.
        totals: of a market's ledger.
        markets: in which an A has ever run.
        answer_ms: how soon Redis answers, asked now.
        warnings: of Redis: what works, but not as it should for real money.
    """

    commands: Commands
    board: StatusBoard
    leases: Leases
    hedgers: Callable[[], tuple[LiveHedger, ...]]
    totals: Callable[[str], Totals]
    markets: Callable[[], tuple[str, ...]]
    answer_ms: Callable[[], float]
    warnings: tuple[str, ...] = ()

    def known_markets(self) -> tuple[str, ...]:
        """Markets in which a process lives or an A has ever run, by name; walks over all keys.

        Raises:
            RedisUnavailable: no answer.
            WireError: what stands there cannot be read.
        """
        return tuple(sorted(markets_of(self.board.read()) | set(self.markets())))


def switchboard_on(
    client: redis.Redis, clock: Clock, *, lease_ms: int, status_ms: int, warnings: tuple[str, ...] = ()
) -> Switchboard:
    """All of it on one connection; asks nothing.

    Args:
        client: the connection.
        clock: how long Redis takes to answer.
        lease_ms: how long a lease holds.
        status_ms: how long holds what a process says of itself.
        warnings: of Redis, as they were found.
    """
    return Switchboard(
        commands=Commands(client),
        board=StatusBoard(client, life_ms=status_ms),
        leases=Leases(client, life_ms=lease_ms),
        hedgers=HedgerRegistry(client, life_ms=status_ms).read,
        totals=lambda symbol: HedgeLedger(client, symbol).totals(),
        markets=partial(markets_with_a_maker, client),
        answer_ms=partial(answer_time_ms, client, clock, 1),
        warnings=warnings,
    )
