"""All of Redis that a person reads and gives orders with: `hedge status` and its kind, and the console."""

from collections.abc import Callable
from dataclasses import dataclass

from hedge_strategy.coordination.commands import Commands
from hedge_strategy.coordination.hedger_registry import LiveHedger
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
