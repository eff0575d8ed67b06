"""A failover of Redis in the midst of fills: the replica may lack what the master took last; nothing is lost or
doubled."""

from pathlib import Path

import pytest

from tests.process.scenarios import expect_hedged_all
from tests.product import BTC, running_product
from tests.sentinels import NAME, watched_redis

pytestmark = pytest.mark.process

QUIET_WITHIN_S = 60


def test_a_failover_under_fills_loses_and_doubles_nothing(tmp_path: Path) -> None:
    servers = tmp_path / "servers"
    servers.mkdir()
    with watched_redis(servers, keeps_data=True) as watched, running_product(tmp_path / "run") as product:
        product.redis_place = {"sentinel": {"nodes": watched.nodes, "master": NAME}}
        hedger = product.start_hedger("BTC")
        maker = product.start_maker("BTC", "0.00100")
        order = product.fill(BTC, "0.00030")
        expect_hedged_all(product, deadline_s=10)
        product.fill(BTC, "0.00020", order=order)
        watched.kill_master()
        product.fill(BTC, "0.00010", order=order, must_rest=False)
        watched.wait_failed_over()
        product.fill(BTC, "0.00040", order=product.wait_quote(BTC, deadline_s=QUIET_WITHIN_S))
        expect_hedged_all(product, deadline_s=QUIET_WITHIN_S)
        assert (maker.code, hedger.code) == (None, None)
        assert product.tracebacks() == []
