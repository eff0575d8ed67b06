"""What is read of a market from Redis."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hedge_strategy.console.report import Beside, Held, MarketStatus, Today, held_now, read_report
from hedge_strategy.coordination.commands import Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.domain.position import Holding
from tests.redis_server import running_redis

NOW_MS = 1_760_000_010_000


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
            answer_ms=lambda: 0.1,
        )
        report = read_report(switchboard, [], Beside(NOW_MS, warnings=("no alerter is alive",)))
        assert "no alerter is alive" in report.warnings
        (market,) = report.markets
    assert (market.market, market.hedger["name"], market.standby) == ("BTC", "hedger-b-2-1", ("hedger-a-1-1",))
    assert (market.maker["state"], market.ok) == ("missing", False)
    assert SimpleNamespace(**(market.lease or {})).lane == 4


MAKER = {
    "role": "maker", "market": "BTC", "state": "quoting", "reason": "", "is_connected": True,
    "said_at_ms": NOW_MS - 400, "position": "-0.3", "unhedged_since_ms": NOW_MS - 650,
    "last_fill": {"order_index": "7", "side": "sell", "filled": "0.3", "at_ms": NOW_MS - 250},
}  # fmt: skip
HEDGER = {
    "role": "hedger", "market": "BTC", "state": "hedging", "reason": "", "said_at_ms": NOW_MS - 100, "unhedged": "0.1",
    "positions": {"maker": "-0.2", "hedger": "0.2", "age_ms": 3_000},
    "last_hedge": {"order_index": "7", "side": "buy", "filled": "0.3", "how": "filled", "at_ms": NOW_MS - 120},
}  # fmt: skip


def shown(folder: Path, maker: dict[str, Any], hedger: dict[str, Any], beside: Beside) -> MarketStatus:
    with running_redis(folder) as server, connect(server.settings) as client:
        board, leases = StatusBoard(client, life_ms=60_000), Leases(client, life_ms=60_000)
        board.write("a-1", maker)
        board.write("b-1", hedger)
        leases.acquire("BTC", owner="b-1", lane=4)
        switchboard = Switchboard(
            commands=Commands(client),
            board=board,
            leases=leases,
            totals=lambda symbol: HedgeLedger(client, symbol).totals(),
            markets=lambda: (),
            hedgers=lambda: (),
            answer_ms=lambda: 0.1,
        )
        (market,) = read_report(switchboard, ["BTC"], beside).markets
    return market


def test_positions_are_as_a_hears_and_b_reads_them_each_with_its_age(tmp_path: Path) -> None:
    market = shown(tmp_path, MAKER, HEDGER, Beside(NOW_MS))
    assert market.positions == {
        "A": Held(size="-0.3", told_by="A", age_ms=400),
        "B": Held(size="0.2", told_by="B", age_ms=3_100),
    }
    assert market.exposure == "-0.1"
    assert (market.unhedged, market.unhedged_for_ms, market.latency_ms) == ("0.1", 250, 130)
    cut_off = shown(tmp_path, {**MAKER, "is_connected": False}, HEDGER, Beside(NOW_MS))
    assert cut_off.positions["A"] == Held(size="-0.2", told_by="B", age_ms=3_100)


def test_what_the_venue_says_now_counts_before_what_a_and_b_say(tmp_path: Path) -> None:
    today = Today(fills=1, hedges=1, volume="10", fees="0.1", result="-0.1", read_at_ms=None)
    asked = [
        Holding(market="BTC", account="A", position="-0.4", resting=1),
        Holding(market="BTC", account="B", position="0.4", resting=0),
    ]
    market = shown(tmp_path, MAKER, HEDGER, Beside(NOW_MS, held_now(asked), {"BTC": today}))
    assert market.positions["A"] == Held(size="-0.4", told_by="venue", age_ms=0, resting=1)
    assert (market.exposure, market.today) == ("0.0", today)


def test_what_nobody_says_is_not_known(tmp_path: Path) -> None:
    maker, hedger = ({"role": one["role"], "market": "BTC", "state": one["state"]} for one in (MAKER, HEDGER))
    market = shown(tmp_path, maker, hedger, Beside(NOW_MS))
    assert market.positions == {"A": None, "B": None}
    assert (market.exposure, market.latency_ms, market.unhedged, market.today) == (None, None, None, None)
