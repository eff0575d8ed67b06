"""What B tells A and asks of it, a few times a second; the ledger's sums come with it."""

import redis

from hedge_strategy.coordination.ledger_restore import LedgerMarker
from hedge_strategy.coordination.presence import HedgerPresence, HedgerState, Presence
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.hedger.notices import LEDGER_INTERVAL_MS, NOTICE_INTERVAL_MS, NOTICE_LONGEST_MS, Notices, NoticeTies
from tests.notices import hedger_says, tell_maker


def test_both_sides_are_told_at_their_pace_and_an_owner_alone_tells(real: redis.Redis) -> None:
    presence, told = Presence("BTC", life_ms=60_000), list[bool]()
    markers: list[LedgerMarker] = []
    own: list[HedgerPresence | None] = [None]
    notices = Notices(presence, "BTC", NoticeTies(lambda: own[0], told.append, markers.append, lambda _: None))

    def round_at(now_ms: int) -> int:
        asked = notices.wants(now_ms)
        for one, answer in zip(asked, RoundTrips(real).ask([one.question for one in asked]), strict=True):
            assert not isinstance(answer, Exception)
            one.take(answer)
        return len(asked)

    assert notices.totals is None
    assert round_at(1_000) == 3
    assert (told, hedger_says(real, "BTC")) == ([False], None)
    assert notices.totals is not None
    assert notices.totals.unhedged_lots == 0
    tell_maker(real, "BTC", True)
    own[0] = HedgerPresence(HedgerState.HEDGING, who="b-1")
    assert round_at(1_000 + NOTICE_INTERVAL_MS - 1) == 0
    assert round_at(1_000 + NOTICE_INTERVAL_MS) == 2
    assert (told, hedger_says(real, "BTC")) == ([False, True], own[0])
    assert [marker.epoch for marker in markers] == [None]
    notices.hasten()
    assert round_at(1_001 + NOTICE_INTERVAL_MS) == 2
    real.hset("hedge:{BTC}:totals", mapping={"filled:buy": 7})
    assert round_at(1_000 + LEDGER_INTERVAL_MS) == 4
    assert notices.totals.unhedged_lots == 7


def test_among_many_what_has_not_changed_is_told_seldom_and_what_has_at_once(real: redis.Redis) -> None:
    presence, markets = Presence("BTC", life_ms=60_000), 100
    own: list[HedgerPresence | None] = [HedgerPresence(HedgerState.HEDGING, who="b-1")]
    ties = NoticeTies(lambda: own[0], lambda _: None, lambda _: None, lambda _: None)
    notices = Notices(presence, "BTC", ties, lambda: markets)

    def told_at(now_ms: int) -> list[str]:
        return [one.question.key for one in notices.wants(now_ms) if one.question.command[0] in ("SET", "GET")]

    assert len(told_at(1_000)) == 2
    assert told_at(1_000 + NOTICE_LONGEST_MS - 1) == []
    assert len(told_at(1_000 + NOTICE_LONGEST_MS + NOTICE_INTERVAL_MS - 1)) == 2
    own[0] = HedgerPresence(HedgerState.DRAINING, "stopping", who="b-1")
    assert len(told_at(2_249 + NOTICE_INTERVAL_MS)) == 2, "a change is told at once"
    assert len(told_at(2_249 + 2 * NOTICE_INTERVAL_MS)) == 2, "who leaves goes by what A says now"


def test_a_notice_that_redis_did_not_take_is_told_again_at_once(real: redis.Redis) -> None:
    presence = Presence("BTC", life_ms=60_000)
    own, failed = HedgerPresence(HedgerState.HEDGING, who="b-1"), list[str]()
    ties = NoticeTies(lambda: own, lambda _: None, lambda _: None, failed.append)
    notices = Notices(presence, "BTC", ties, lambda: 100)
    for one in notices.wants(1_000):
        if one.failed is not None:
            one.failed("no answer")
    assert failed
    assert len(notices.wants(1_000 + NOTICE_INTERVAL_MS)) == 2
