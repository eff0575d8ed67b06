"""Settled orders are made by the ledger's own scripts: what the product then finds is what it would have left."""

from pathlib import Path

import pytest

from bench.settled import bytes_per_open_order, settle_orders
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease, Leases
from tests.redis_server import running_redis


def test_orders_are_settled_and_leave_nothing_open(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        client = connect(server.settings)
        with pytest.raises(RuntimeError, match="owned"):
            settle_orders(client, 7, 10)
        assert isinstance(Leases(client, life_ms=1_000).acquire("BTC", owner="b", lane=4), Lease)
        settle_orders(client, 7, 600)
        settle_orders(client, 7, 100, first=600)
        ledger = HedgeLedger(client, "BTC")
        totals = ledger.totals()
        assert totals.unhedged_lots == 0
        held = {name.decode(): int(lots) for name, lots in client.hgetall("hedge:{BTC}:totals").items()}
        assert held["filled:buy"] == held["hedged:buy"] == held["filled:sell"] == 350 * 4
        assert held["in_flight"] == 0
        assert client.hlen("hedge:{BTC}:window") == 700
        assert client.exists("hedge:{BTC}:open", "hedge:{BTC}:unfinished") == 0


def test_an_open_order_has_a_size_and_measuring_it_leaves_nothing_behind(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        client = connect(server.settings)
        assert 600 < bytes_per_open_order(client, 500) < 6_000
        assert client.dbsize() == 0
