"""A failover of Redis in the midst of fills: the replica may lack what the master took last; nothing is lost or
doubled."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import redis_cluster
from tests.process.scenarios import expect_hedged_all
from tests.product import BTC, running_product
from tests.sentinels import NAME, watched_redis

pytestmark = pytest.mark.process

QUIET_WITHIN_S = 60

Kill = Callable[[], None]
Fallible = Iterator[tuple[Mapping[str, Any], Kill, Kill]]
"""What the configuration says of it, what kills the master, and what waits until another is the master."""


@contextmanager
def _sentinels(folder: Path) -> Fallible:
    with watched_redis(folder, keeps_data=True) as watched:
        place = {"sentinel": {"nodes": watched.nodes, "master": NAME}}
        yield place, watched.kill_master, watched.wait_failed_over


@contextmanager
def _cluster(folder: Path) -> Fallible:
    with redis_cluster(folder, keeps_data=True) as cluster:
        yield {"cluster": cluster.nodes}, cluster.kill_master, cluster.wait_failed_over


@pytest.mark.parametrize("running", [_sentinels, _cluster], ids=["sentinels", "cluster"])
def test_a_failover_under_fills_loses_and_doubles_nothing(running: Any, tmp_path: Path) -> None:
    servers = tmp_path / "servers"
    servers.mkdir()
    with running(servers) as (place, kill_master, wait_failed_over), running_product(tmp_path / "run") as product:
        product.redis_place = place
        hedger = product.start_hedger("BTC")
        maker = product.start_maker("BTC", "0.00100")
        order = product.fill(BTC, "0.00030")
        expect_hedged_all(product, deadline_s=10)
        product.fill(BTC, "0.00020", order=order)
        kill_master()
        product.fill(BTC, "0.00010", order=order, must_rest=False)
        wait_failed_over()
        product.fill(BTC, "0.00040", order=product.wait_quote(BTC, deadline_s=QUIET_WITHIN_S))
        expect_hedged_all(product, deadline_s=QUIET_WITHIN_S)
        assert (maker.code, hedger.code) == (None, None)
        assert product.tracebacks() == []
