"""Announcements: heard where fills are heard, found by who comes later, gone with the order; never more than a hint."""

import msgspec
import pytest
import redis

from hedge_strategy.coordination.announcement import (
    AnnouncementMessage,
    AnnouncementPublisher,
    decode_announcement,
    standing_announcement,
)
from hedge_strategy.coordination.channel import Resubscribed
from hedge_strategy.coordination.fill_stream import FillHeard, FillPublisher, FillSource, FillSubscriber, OrderHeard
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.domain.order import Side
from hedge_strategy.errors import WireError

from .ear import Ear
from .samples import BTC, MAKER, message, order

GOLDEN = (
    b'{"account_index":280459,"market_index":1,"order_index":562949953421313,"side":"sell","base_amount":"0.00020",'
    b'"price":"111282.1","market":"BTC","maker_id":"maker-1","sequence":1,"version":1}'
)


def announcement(account: int = MAKER, sequence: int = 1) -> AnnouncementMessage:
    return AnnouncementMessage(
        account_index=account,
        market_index=BTC.index,
        order_index=order().order_index,
        side=Side.SELL,
        base_amount="0.00020",
        price="111282.1",
        market="BTC",
        maker_id="maker-1",
        sequence=sequence,
    )


def test_the_bytes_are_these_and_are_read_back() -> None:
    assert msgspec.json.encode(announcement()) == GOLDEN
    read = decode_announcement(GOLDEN, "BTC")
    assert (read, read.order, read.lots(BTC)) == (announcement(), order(), 20)


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"[1]", GOLDEN.replace(b"BTC", b"ETH"), GOLDEN.replace(b'"sell"', b'"both"'), b" " * 5_000 + GOLDEN],
)
def test_what_is_no_announcement_for_the_market_is_a_wire_error(payload: bytes) -> None:
    with pytest.raises(WireError):
        decode_announcement(payload, "BTC")


@pytest.mark.parametrize("amount", ["0", "0.000001", "99999999999999"])
def test_an_amount_that_is_nothing_no_whole_lots_or_too_much_is_refused(amount: str) -> None:
    with pytest.raises(WireError):
        msgspec.structs.replace(announcement(), base_amount=amount).lots(BTC)


def test_it_is_heard_on_the_connection_of_the_fills_in_order_and_another_accounts_is_not(client: redis.Redis) -> None:
    subscriber = FillSubscriber(client, FillSource("BTC", MAKER, BTC.index), "b")
    ear = Ear(client, subscriber)
    assert isinstance(ear.listen(2_000), Resubscribed)
    publisher = AnnouncementPublisher(client)
    publisher.announce(announcement(account=5), 10_000)
    publisher.announce(announcement(), 10_000)
    FillPublisher(client).publish("BTC", message())
    heard = [one for one in (ear.listen(2_000) for _ in range(3)) if one is not None]
    assert heard == [OrderHeard(announcement()), FillHeard(message())]
    assert subscriber.announced() == announcement()
    ear.close()


def test_it_stands_for_as_long_as_its_order_may_rest(client: redis.Redis) -> None:
    assert standing_announcement(client, "BTC") is None
    AnnouncementPublisher(client).announce(announcement(sequence=2), 5_000)
    assert standing_announcement(client, "BTC") == announcement(sequence=2)
    assert 0 < client.pttl(market_keys("BTC").resting) <= 5_000


def test_what_another_wrote_in_its_place_is_a_wire_error(client: redis.Redis) -> None:
    client.set(market_keys("BTC").resting, b"nonsense")
    with pytest.raises(WireError):
        standing_announcement(client, "BTC")
