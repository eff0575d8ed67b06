"""What B tells A and asks of it, a few times a second; the ledger's sums come with it."""

import redis

from hedge_strategy.coordination.ledger_restore import LedgerMarker
from hedge_strategy.coordination.presence import HedgerPresence, HedgerState, Presence
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.hedger.notices import LEDGER_INTERVAL_MS, NOTICE_INTERVAL_MS, Notices, NoticeTies


def test_both_sides_are_told_at_their_pace_and_an_owner_alone_tells(real: redis.Redis) -> None:
    presence, told = Presence(real, "BTC", life_ms=60_000), list[bool]()
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
    assert (told, presence.hedger()) == ([False], None)
    assert notices.totals is not None
    assert notices.totals.unhedged_lots == 0
    presence.tell_maker(True)
    own[0] = HedgerPresence(HedgerState.HEDGING, who="b-1")
    assert round_at(1_000 + NOTICE_INTERVAL_MS - 1) == 0
    assert round_at(1_000 + NOTICE_INTERVAL_MS) == 2
    assert (told, presence.hedger()) == ([False, True], own[0])
    assert [marker.epoch for marker in markers] == [None]
    notices.hasten()
    assert round_at(1_001 + NOTICE_INTERVAL_MS) == 2
    real.hset("hedge:{BTC}:totals", mapping={"filled:buy": 7})
    assert round_at(1_000 + LEDGER_INTERVAL_MS) == 4
    assert notices.totals.unhedged_lots == 7
