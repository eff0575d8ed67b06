"""What A and B tell of themselves: heard by the other, gone soon after it is no longer told."""

import pytest
import redis

from hedge_strategy.coordination.presence import HedgerPresence, HedgerState
from hedge_strategy.errors import WireError
from tests.notices import hedger_says, maker_may_rest, tell_hedger, tell_maker
from tests.polling import wait_until


def test_each_side_reads_what_the_other_told_last(client: redis.Redis) -> None:
    assert maker_may_rest(client, "BTC") is False
    assert hedger_says(client, "BTC") is None
    for may_rest in (True, False):
        tell_maker(client, "BTC", may_rest)
        assert maker_may_rest(client, "BTC") is may_rest
    for told in (HedgerPresence(HedgerState.HEDGING), HedgerPresence(HedgerState.PAUSED, "too many attempts")):
        tell_hedger(client, "BTC", told)
        assert hedger_says(client, "BTC") == told
    assert hedger_says(client, "ETH") is None


def test_a_notice_that_is_not_repeated_is_gone_soon(client: redis.Redis) -> None:
    tell_maker(client, "BTC", True, 30)
    tell_hedger(client, "BTC", HedgerPresence(HedgerState.HEDGING), 30)
    wait_until(lambda: hedger_says(client, "BTC") is None and not maker_may_rest(client, "BTC"), "the notices to end")


@pytest.mark.parametrize("held", [b"", b"{}", b'{"state":"asleep"}', b"\xff"])
def test_a_notice_that_cannot_be_read_is_a_wire_error(client: redis.Redis, held: bytes) -> None:
    client.set("hedge:{BTC}:hedger", held)
    with pytest.raises(WireError):
        hedger_says(client, "BTC")
