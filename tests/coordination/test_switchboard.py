"""Which markets a person is shown."""

from pathlib import Path

from hedge_strategy.coordination.commands import Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Leases
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.coordination.switchboard import Switchboard
from tests.redis_server import running_redis


def test_known_are_markets_in_which_one_lives_and_those_in_which_an_a_has_run(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        board = StatusBoard(client, life_ms=60_000)
        switchboard = Switchboard(
            commands=Commands(client),
            board=board,
            leases=Leases(client, life_ms=60_000),
            totals=lambda symbol: HedgeLedger(client, symbol).totals(),
            markets=lambda: ("BTC", "ETH"),
            hedgers=lambda: (),
            answer_ms=lambda: 0.1,
        )
        board.write("maker-1", {"role": "maker", "market": "SOL"})
        board.write("maker-2", {"role": "maker", "market": "BTC"})
        board.write("journal-1", {"role": "journal"})
        assert switchboard.known_markets() == ("BTC", "ETH", "SOL")
