from collections.abc import Iterator

import pytest
import requests

from tests.simulator.live_exchange import BTC, ETH, IOC, LiveExchange, live_exchange
from tests.simulator.shapes import declared


@pytest.fixture(scope="module")
def exchange() -> Iterator[LiveExchange]:
    with live_exchange() as running:
        running.house(BTC, is_ask=True, size="10", price="100000")
        running.house(BTC, is_ask=False, size="10", price="99000")
        yield running


def test_an_account_shows_every_declared_field_and_its_position(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    trader.sent(trader.limit(BTC, is_ask=False, size=20, price=1_000_000, tif=IOC))
    found = exchange.get("account", by="index", value=trader.account_index)
    assert set(found) == {"code", "total", "accounts", "next_cursor"}
    (account,) = found["accounts"]
    # The client's class for binary options has no counterpart here.
    assert declared("DetailedAccount") - set(account) <= {"message", "bo_positions"}
    (position,) = account["positions"]
    assert set(position) == declared("AccountPosition")
    assert (position["position"], position["sign"], position["avg_entry_price"]) == ("0.00020", 1, "100000.0")
    assert (position["initial_margin_fraction"], position["margin_mode"]) == ("5.00", 0)
    assert account["collateral"] == "10000.000000"
    (asset,) = account["assets"]
    assert set(asset) == declared("AccountAsset")


def test_a_market_once_traded_stays_with_a_flat_position_unless_only_active_ones_are_asked_for(
    exchange: LiveExchange,
) -> None:
    trader = exchange.trader()
    trader.sent(trader.limit(BTC, is_ask=False, size=20, price=1_000_000, tif=IOC))
    trader.sent(trader.limit(BTC, is_ask=True, size=20, price=990_000, tif=IOC))
    (account,) = exchange.get("account", by="index", value=trader.account_index)["accounts"]
    assert [(one["position"], one["sign"]) for one in account["positions"]] == [("0.00000", 1)]
    (account,) = exchange.get("account", by="index", value=trader.account_index, active_only="true")["accounts"]
    assert account["positions"] == []


def test_accounts_of_one_address_are_a_master_and_its_sub_accounts(exchange: LiveExchange) -> None:
    address = "0xAbC0000000000000000000000000000000000001"
    first, second = (exchange.trader(l1_address=address) for _ in range(2))
    found = exchange.get("accountsByL1Address", l1_address=address.lower())
    assert [(one["index"], one["account_type"]) for one in found["sub_accounts"]] == [
        (first.account_index, 0),
        (second.account_index, 1),
    ]
    assert declared("Account") - set(found["sub_accounts"][0]) <= {"message"}
    assert exchange.get("account", by="l1_address", value=address)["total"] == 2


def test_api_keys_are_listed_without_0x_and_an_empty_slot_is_zeros(exchange: LiveExchange) -> None:
    trader = exchange.trader(api_keys={"4": None, "7": None})
    keys = exchange.get("apikeys", account_index=trader.account_index)["api_keys"]
    assert [key["api_key_index"] for key in keys] == [4, 7]
    assert all(len(key["public_key"]) == 80 and set(key) == declared("ApiKey") for key in keys)
    assert exchange.get("apikeys", account_index=trader.account_index, api_key_index=255)["api_keys"] == keys
    (empty,) = exchange.get("apikeys", account_index=trader.account_index, api_key_index=5)["api_keys"]
    assert empty["public_key"] == "0" * 80
    assert trader.signer.check_client() is None


def test_next_nonce_follows_what_was_executed(exchange: LiveExchange) -> None:
    trader = exchange.trader()

    def nonce() -> int:
        return int(exchange.get("nextNonce", account_index=trader.account_index, api_key_index=4)["nonce"])

    assert nonce() == 0
    trader.sent(trader.limit(ETH, is_ask=False, size=100, price=290_000))
    assert nonce() == 1


def test_the_tier_of_an_account_sets_its_fees_and_can_be_changed(exchange: LiveExchange) -> None:
    trader = exchange.trader(tier="premium")
    assert trader.read("accountLimits")["current_taker_fee_tick"] == 280
    assert declared("AccountLimits") - set(trader.read("accountLimits")) <= {"message"}
    form = {"account_index": trader.account_index, "new_tier": "standard"}
    url = f"{exchange.urls.url}/api/v1/changeAccountTier"
    assert requests.post(url, data=form, timeout=5).status_code == 401
    headers = {"authorization": trader.token()}
    assert requests.post(url, data={**form, "new_tier": "gold"}, headers=headers, timeout=5).status_code == 400
    assert requests.post(url, data=form, headers=headers, timeout=5).json() == {"code": 200}
    limits = trader.read("accountLimits")
    assert (limits["user_tier"], limits["current_taker_fee_tick"]) == ("standard", 0)


def test_a_maker_only_key_may_rest_but_not_take(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    url = f"{exchange.urls.url}/api/v1/setMakerOnlyApiKeys"
    form = {"account_index": trader.account_index, "api_key_indexes": "[4]"}
    headers = {"authorization": trader.token()}
    assert requests.post(url, data=form, headers=headers, timeout=5).json()["api_key_indexes"] == [4]
    assert trader.read("getMakerOnlyApiKeys")["api_key_indexes"] == [4]
    taking = trader.limit(BTC, is_ask=False, size=20, price=1_000_000, tif=IOC)
    assert trader.send(taking).json()["code"] == 62007
    trader.nonce = 0
    trader.sent(trader.limit(BTC, is_ask=False, size=20, price=900_000))


def test_metadata_and_funding_have_their_shapes(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    (one,) = exchange.get("accountMetadata", by="index", value=trader.account_index)["account_metadatas"]
    assert set(one) == declared("AccountMetadata")
    assert trader.read("positionFunding", limit=10)["position_fundings"] == []


def test_funding_is_paid_and_listed() -> None:
    with live_exchange(exchange={"delays": {"maker_ms": 0, "taker_ms": 0}, "funding_interval_ms": 200}) as exchange:
        exchange.house(BTC, is_ask=True, size="10", price="100500")
        exchange.house(BTC, is_ask=False, size="10", price="100400")
        trader = exchange.trader()
        trader.sent(trader.limit(BTC, is_ask=False, size=1_000, price=1_005_000, tif=IOC))
        while len(found := trader.read("positionFunding", limit=2)["position_fundings"]) < 2:
            pass
        assert set(found[0]) == declared("PositionFunding")
        assert found[0]["funding_id"] > found[1]["funding_id"]
        assert (found[0]["position_side"], found[0]["position_size"]) == ("long", "0.01000")
        older = trader.read("positionFunding", limit=1, cursor=found[0]["funding_id"])["position_fundings"]
        assert older == found[1:]
        query = {"market_id": BTC, "resolution": "1h", "start_timestamp": 0, "end_timestamp": 2**40, "count_back": 10}
        rounds = exchange.get("fundings", **query)["fundings"]
        assert set(rounds[0]) == declared("Funding")
