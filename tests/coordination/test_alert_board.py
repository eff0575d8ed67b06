"""The alert board: what fires stands until it is over, the newest notices are kept, and who took them."""

import msgspec
import pytest
import redis

from hedge_strategy.coordination.alert_board import (
    NOTICE_BYTES_MAX,
    AlertBoard,
    AlertNotice,
    Delivery,
)
from hedge_strategy.domain.alert import (
    AlertState,
    AlertType,
    Severity,
)
from hedge_strategy.errors import WireError

FIRING = AlertNotice(
    name="daily-loss",
    type=AlertType.RISK,
    severity=Severity.CRITICAL,
    market="BTC",
    text="größer als 10",
    state=AlertState.FIRING,
    since_ms=1_000,
    at_ms=1_000,
    action="pause",
)
RESOLVED = msgspec.structs.replace(FIRING, state=AlertState.RESOLVED, text="wieder gut", at_ms=5_000)
ELSEWHERE = msgspec.structs.replace(FIRING, market="ETH", since_ms=2_000, at_ms=2_000)


def test_an_alert_stands_until_it_is_resolved_and_both_notices_are_kept(client: redis.Redis) -> None:
    board = AlertBoard(client)
    assert board.standing() == ()
    assert board.recent() == ()
    board.put(FIRING)
    board.put(ELSEWHERE)
    board.put(FIRING)
    assert board.standing() == (FIRING, ELSEWHERE)
    board.put(RESOLVED)
    assert board.standing() == (ELSEWHERE,)
    assert [one.notice for one in board.recent()] == [RESOLVED, ELSEWHERE, FIRING]
    assert [one.notice for one in board.recent(1)] == [RESOLVED]


def test_a_notice_tells_which_channels_took_it(client: redis.Redis) -> None:
    board = AlertBoard(client)
    board.put(FIRING)
    assert board.recent()[0].delivery == Delivery()
    delivery = Delivery(delivered=("ops",), failed=("mail", "phone"))
    assert board.delivered(FIRING.notice_id, delivery)
    board.put(FIRING)
    assert board.recent()[0].delivery == delivery
    assert not board.delivered(RESOLVED.notice_id, delivery), "nothing is kept of a notice that is not there"


def test_the_oldest_notices_go_with_their_deliveries_and_what_stands_stays(client: redis.Redis) -> None:
    board = AlertBoard(client, keep=3)
    for number in range(10):
        notice = msgspec.structs.replace(FIRING, name=f"rule-{number}", at_ms=number)
        board.put(notice)
        board.delivered(notice.notice_id, Delivery(delivered=("ops",)))
    assert [one.notice.name for one in board.recent()] == ["rule-9", "rule-8", "rule-7"]
    assert len(board.standing()) == 10
    for name in ("notices", "deliveries"):
        assert client.hlen(f"hedge:{{alerts}}:{name}") == 3


def test_what_is_no_notice_is_refused(client: redis.Redis) -> None:
    board = AlertBoard(client)
    with pytest.raises(ValueError, match="bytes"):
        board.put(msgspec.structs.replace(FIRING, text="x" * NOTICE_BYTES_MAX))
    with pytest.raises(ValueError, match="keep"):
        AlertBoard(client, keep=0)
    board.put(FIRING)
    client.hset("hedge:{alerts}:standing", "BTC:daily-loss", "{}")
    with pytest.raises(WireError, match="alert_board"):
        board.standing()
    client.hset("hedge:{alerts}:deliveries", FIRING.notice_id, "[")
    with pytest.raises(WireError, match="alert_board"):
        board.recent()
