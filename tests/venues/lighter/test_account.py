"""Several lanes of one account over one socket: each hears what is its own, and they come and go."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.domain.order import Unknown
from hedge_strategy.venues.lighter.account import LighterAccount
from hedge_strategy.venues.lighter.config import LighterConfig, Tier
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.port import Connected, Disconnected, OrderSeen, SendAnswered, TransactionSeen
from tests.polling import wait_until
from tests.venues.lighter import payloads
from tests.venues.lighter.conftest import BTC, ETH, Heard
from tests.venues.lighter.payloads import ACCOUNT
from tests.venues.lighter.stub_venue import StubVenue, json_answer


@pytest.fixture
def lanes(config: LighterConfig) -> Iterator[tuple[LighterVenue, LighterVenue]]:
    """Keys 4 and 5 of one account."""
    clock, chance = SystemClock(), random.Random(7).random
    account = LighterAccount(config, clock, chance)
    both = tuple(LighterVenue(replace(config, key_index=index), clock, chance, account) for index in (4, 5))
    yield both  # type: ignore[misc]
    for lane in both:
        lane.close()
    account.close()


def subscriptions(stub: StubVenue, kind: str = "subscribe") -> list[str]:
    return [message["channel"] for message in stub.ws.messages(kind)]


def test_both_use_one_socket_and_each_hears_its_own_market_and_key(
    stub: StubVenue, lanes: tuple[LighterVenue, LighterVenue]
) -> None:
    (btc, eth), (on_btc, on_eth) = lanes, (Heard(), Heard())
    btc.start([BTC], on_btc)
    on_btc.wait(Connected)
    assert not eth.is_connected()
    eth.start([ETH], on_eth)
    assert on_eth.wait(Connected) == [Connected(is_first=True)]
    assert (btc.is_connected(), eth.is_connected(), stub.ws.accepted) == (True, True, 1)
    assert len(on_btc.of(Connected)) == 1, "the first was told once"
    assert subscriptions(stub).count(f"account_all_orders/{ACCOUNT}") == 1
    assert eth.book(ETH, 1).is_live

    orders = {"1": [payloads.order(market_index=1)], "0": [payloads.order(market_index=0)]}
    stub.ws.push({"type": "update/account_all_orders", "channel": f"account_all_orders:{ACCOUNT}", "orders": orders})
    assert [seen.report.market_index for seen in on_btc.wait(OrderSeen)] == [1]
    assert [seen.report.market_index for seen in on_eth.wait(OrderSeen)] == [0]
    told = [payloads.transaction(api_key_index=key) for key in (4, 5, 9)]
    stub.ws.push({"type": "update/account_tx", "channel": f"account_tx:{ACCOUNT}", "txs": told})
    assert [seen.report.key_index for seen in on_btc.wait(TransactionSeen, 2)] == [4, 9], "of an unknown key: all hear"
    assert [seen.report.key_index for seen in on_eth.wait(TransactionSeen, 2)] == [5, 9]

    stub.ws.on_send = lambda data: [{"type": "jsonapi/sendtx", "id": data["id"], "code": 200}]
    for lane, heard in ((eth, on_eth), (btc, on_btc)):
        transaction = lane.sign_dead_man(7, None)
        lane.send(transaction)
        (answered,) = heard.wait(SendAnswered)
        assert answered.transaction == transaction


def test_all_are_told_of_a_cut_and_of_the_next_connection(
    stub: StubVenue, lanes: tuple[LighterVenue, LighterVenue]
) -> None:
    heard = [Heard(), Heard()]
    for lane, market, one in zip(lanes, (BTC, ETH), heard, strict=True):
        lane.start([market], one)
        one.wait(Connected)
    stub.ws.cut()
    for one in heard:
        one.wait(Disconnected)
        assert one.wait(Connected, 2)[-1] == Connected(is_first=False)


def test_one_that_leaves_takes_only_its_own_with_it_and_the_last_one_ends_the_socket(
    stub: StubVenue, lanes: tuple[LighterVenue, LighterVenue]
) -> None:
    (btc, eth), (on_btc, on_eth) = lanes, (Heard(), Heard())
    btc.start([BTC], on_btc)
    eth.start([ETH], on_eth)
    on_btc.wait(Connected)
    on_eth.wait(Connected)
    eth.send(eth.sign_dead_man(7, None))
    eth.close()
    (answered,) = on_eth.of(SendAnswered)
    assert isinstance(answered.outcome, Unknown)
    wait_until(lambda: "order_book/0" in subscriptions(stub, "unsubscribe"), "the book to be given up")
    assert btc.is_connected()
    assert not on_btc.of(Disconnected)
    btc.close()
    wait_until(lambda: stub.ws.live == 0, "the end of the socket")


def test_what_does_not_change_is_asked_for_once(stub: StubVenue, lanes: tuple[LighterVenue, LighterVenue]) -> None:
    details = {"code": 200, "order_book_details": [payloads.market_detail("BTC", 1, 5, 1)]}
    stub.rest.answers["orderBookDetails"] = lambda _parameters: json_answer(details)
    owners = {"1234": "0xAB", "7": "0xab"}
    stub.rest.answers["account"] = lambda parameters: json_answer(
        {
            "code": 200,
            "accounts": [
                {"index": int(parameters["value"]), "l1_address": owners[parameters["value"]], "positions": []}
            ],
        }
    )

    def ask(lane: LighterVenue) -> bool:
        return lane.load_market("BTC").index == 1 and lane.give_way_between(7)

    with ThreadPoolExecutor(4) as at_once:
        assert all(at_once.map(ask, (*lanes, *lanes)))
    assert len(stub.rest.calls("orderBookDetails")) == 1
    assert len(stub.rest.calls("account")) == 2


def test_a_book_that_does_not_come_leaves_only_its_own_lane_unconnected(
    stub: StubVenue, lanes: tuple[LighterVenue, LighterVenue]
) -> None:
    (btc, eth), on_btc, on_eth = lanes, Heard(), Heard()
    btc.start([BTC], on_btc)
    on_btc.wait(Connected)
    stub.ws.silent_channels.add("order_book/0")
    eth.start([ETH], on_eth)
    wait_until(lambda: len(stub.ws.messages("unsubscribe")) >= 2, "it to be asked for again and again")
    assert (btc.is_connected(), eth.is_connected(), on_eth.of(Connected)) == (True, False, [])
    stub.ws.silent_channels.clear()
    on_eth.wait(Connected)
    assert (len(on_btc.of(Connected)), on_btc.of(Disconnected), stub.ws.accepted) == (1, [], 1)


def test_each_lane_that_joins_can_always_cancel(config: LighterConfig) -> None:
    clock, chance = SystemClock(), random.Random(7).random
    account = LighterAccount(replace(config, tier=Tier.STANDARD), clock, chance)
    for key_index in range(4, 16):
        account.join(key_index, [BTC], Heard())
    placed = sum(account.limiter.take_send(0, is_urgent=False) == 0 for _ in range(40))
    assert placed == 40 - 12
    for key_index in range(4, 16):
        account.leave(key_index)
    account.close()
