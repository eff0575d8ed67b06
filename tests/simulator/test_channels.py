import json
from typing import Any

import pytest

from hedge_strategy.simulator.channels import Channel, ChannelRefused, make_frame, parse_channel
from hedge_strategy.simulator.config import AuthSettings


@pytest.mark.parametrize(
    ("text", "channel", "label"),
    [
        ("order_book/0", Channel("order_book", 0), "order_book:0"),
        ("market_stats/all", Channel("market_stats"), "market_stats:all"),
        ("market_stats/2", Channel("market_stats", 2), "market_stats:2"),
        ("height", Channel("height"), "height"),
        ("account_all/12", Channel("account_all", None, 12), "account_all:12"),
        ("account_market/0/12", Channel("account_market", 0, 12), "account_market:0:12"),
        ("account_orders/0/12", Channel("account_orders", 0, 12), "account_orders:0"),
    ],
)
def test_a_request_has_slashes_and_its_frames_have_colons(text: str, channel: Channel, label: str) -> None:
    assert parse_channel(text) == channel
    assert channel.label == label


@pytest.mark.parametrize(
    "text",
    [
        *(None, 5, "", "order_book", "order_book/", "order_book/1/2", "order_book:1", "account_orders/1", "height/1"),
        *("market_stats", "order_book/-1", "order_book/٣", "account_all/" + "9" * 15, "x" * 300, "candle/0/1m"),
    ],
)
def test_a_name_that_means_nothing_is_refused(text: Any) -> None:
    with pytest.raises(ChannelRefused) as refused:
        parse_channel(text)
    assert refused.value.code == 30005


def test_orders_of_two_markets_of_one_account_are_two_channels_though_one_label_hides_the_account() -> None:
    assert Channel("account_orders", 0, 1).key != Channel("account_orders", 0, 2).key


def test_which_channels_need_a_token_is_a_setting() -> None:
    default, strict = AuthSettings(), AuthSettings(account_all=True, user_stats=True, account_all_trades=True)
    names = ("account_all", "user_stats", "account_all_trades", "account_all_orders", "account_tx")
    assert [Channel(name, None, 1).needs_token(default) for name in names] == [False, False, False, True, True]
    assert all(Channel(name, None, 1).needs_token(strict) for name in names)
    assert not Channel("order_book", 1).needs_token(strict)


def test_a_frame_says_whether_it_is_a_snapshot() -> None:
    channel = Channel("account_all", None, 3)
    snapshot, update = (
        make_frame(channel, {"account": 3}, snapshot=True),
        make_frame(channel, {"account": 3}, ((0, 9),)),
    )
    assert json.loads(snapshot.body) == {"channel": "account_all:3", "account": 3, "type": "subscribed/account_all"}
    assert json.loads(update.body)["type"] == "update/account_all"
    assert (snapshot.is_update, update.is_update, update.fills) == (False, True, ((0, 9),))
