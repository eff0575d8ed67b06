"""The announcer tells the newest order, keeps nobody waiting, and survives a Redis that does not answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import redis

from hedge_strategy.coordination.announcement import AnnouncementPublisher, standing_announcement
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.endpoint import RedisSettings
from hedge_strategy.domain.order import Side
from hedge_strategy.maker.announcer import Announcer
from hedge_strategy.maker.events import AnnounceOrder
from tests.coordination.samples import BTC, MAKER, order
from tests.polling import wait_until


def resting(size: str = "0.00020") -> AnnounceOrder:
    return AnnounceOrder(order().order_index, Side.SELL, Decimal(size), Decimal("111282.1"), 10_000)


@contextmanager
def telling(client: redis.Redis) -> Iterator[Announcer]:
    announcer = Announcer(AnnouncementPublisher(client), BTC, MAKER, "a-1")
    thread = threading.Thread(target=announcer.run)
    thread.start()
    try:
        yield announcer
    finally:
        announcer.end()
        thread.join(20)
        assert not thread.is_alive()


def test_the_newest_order_is_told(real: redis.Redis) -> None:
    with telling(real) as announcer:
        announcer.announce(resting("0.00010"))
        announcer.announce(resting("0.00030"))
        wait_until(lambda: (held := standing_announcement(real, "BTC")) and held.base_amount == "0.00030", "the newest")
        held = standing_announcement(real, "BTC")
        assert held is not None
        assert (held.order, held.maker_id, held.lots(BTC)) == (order(), "a-1", 30)


def test_a_redis_that_is_away_is_counted_and_nothing_else() -> None:
    away = connect(RedisSettings("127.0.0.1", 1, 0, connect_timeout_ms=100, answer_timeout_ms=100))
    with telling(away) as announcer:
        announcer.announce(resting())
        wait_until(lambda: announcer.failures == 1, "the failure to be counted")
        announcer.announce(resting())
        wait_until(lambda: announcer.failures == 2, "the next to be tried")
