"""What is read of a market from Redis."""

from pathlib import Path
from types import SimpleNamespace

from hedge_strategy.console.report import read_report
from hedge_strategy.coordination.commands import Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.coordination.switchboard import Switchboard
from tests.redis_server import running_redis


def test_the_owner_is_who_holds_the_lease_and_the_others_stand_by(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        board, leases = StatusBoard(client, life_ms=60_000), Leases(client, life_ms=60_000)
        for who in ("hedger-a-1-1", "hedger-b-2-1"):
            board.write(who, {"role": "hedger", "market": "BTC", "state": "hedging", "reason": ""})
        assert isinstance(leases.acquire("BTC", owner="hedger-b-2-1", lane=4), Lease)
        switchboard = Switchboard(
            commands=Commands(client),
            board=board,
            leases=leases,
            totals=lambda symbol: HedgeLedger(client, symbol).totals(),
            markets=lambda: (),
            hedgers=lambda: (),
        )
        (market,) = read_report(switchboard, []).markets
    assert (market.market, market.hedger["name"], market.standby) == ("BTC", "hedger-b-2-1", ("hedger-a-1-1",))
    assert (market.maker["state"], market.ok) == ("missing", False)
    assert SimpleNamespace(**(market.lease or {})).lane == 4
