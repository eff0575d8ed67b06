"""Reads and sends over real HTTP: pages, errors that say what is known, limits kept, no error read as nothing."""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.domain.order import Accepted, Outcome, Rejected, SignedTransaction, TransactionStatus, Unknown
from hedge_strategy.errors import RateLimited, UserError, VenueError, VenueRefused, VenueUnreachable
from hedge_strategy.venues.lighter.config import LighterConfig, Tier
from hedge_strategy.venues.lighter.rest import Rest
from hedge_strategy.venues.lighter.signer import Signer
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.transport.rate_limit import RateLimiter, RateRules
from tests.venues.lighter import payloads
from tests.venues.lighter.conftest import BTC, ETH
from tests.venues.lighter.payloads import ACCOUNT
from tests.venues.lighter.stub_venue import Answer, StubVenue, json_answer

Open = Callable[..., LighterVenue]
HTML: Answer = (503, "text/html", b"<html>503 Service Temporarily Unavailable</html>")


def replying(*answers: Answer) -> Callable[[dict[str, str]], Answer]:
    """One answer after the other, the last one for ever."""
    left = list(answers)
    return lambda _parameters: left.pop(0) if len(left) > 1 else left[0]


def test_markets_by_symbol_and_a_clear_line_for_an_unknown_one(stub: StubVenue, open_venue: Open) -> None:
    details = [payloads.market_detail("ETH", 0, 4, 2), {"symbol": "BAD"}, payloads.market_detail("BTC", 1, 5, 1)]
    stub.rest.answers["orderBookDetails"] = replying(json_answer({"code": 200, "order_book_details": details}))
    venue = open_venue()
    eth = venue.load_market("ETH")
    assert (eth.index, eth.size_decimals, eth.takers_have_minimum) == (0, 4, False)
    with pytest.raises(UserError, match=r"no market 'DOGE' .* there are: BTC, ETH"):
        venue.load_market("DOGE")


def test_fills_are_read_back_to_the_known_one_oldest_first(stub: StubVenue, open_venue: Open) -> None:
    """F14: what happened while the socket was away."""
    pages = {"": ([9, 8], "c1"), "c1": ([8, 7], "c2"), "c2": ([6, 5], "c3")}

    def answer(parameters: dict[str, str]) -> Answer:
        ids, following = pages[parameters.get("cursor", "")]
        return json_answer({"code": 200, "trades": [payloads.trade(n) for n in ids], "next_cursor": following})

    stub.rest.answers["trades"] = answer
    fills = open_venue().fills(BTC, after_trade_id=6)
    assert [fill.trade_id for fill in fills] == [7, 8, 9]
    calls = stub.rest.calls("trades")
    assert len(calls) == 3
    assert calls[0] == {
        "account_index": str(ACCOUNT), "market_id": "1", "sort_by": "trade_id", "sort_dir": "desc", "limit": "100",
    }  # fmt: skip


def test_market_0_and_order_index_are_asked_for(stub: StubVenue, open_venue: Open) -> None:
    """F18: neither is left out for being 0 or large."""
    trade = payloads.trade(3, market_id=0)
    stub.rest.answers["trades"] = replying(json_answer({"code": 200, "trades": [trade, payloads.trade(4, bid_id=1)]}))
    fills = open_venue().fills(ETH, order_index=payloads.MAINNET_BID_INDEX)
    assert [fill.trade_id for fill in fills] == [3]
    assert stub.rest.calls("trades")[0]["market_id"] == "0"
    assert stub.rest.calls("trades")[0]["order_index"] == str(payloads.MAINNET_BID_INDEX)


def test_the_newest_trade(stub: StubVenue, open_venue: Open) -> None:
    stub.rest.answers["trades"] = replying(
        json_answer({"code": 200, "trades": [payloads.trade(44)]}), json_answer({"code": 200, "trades": []})
    )
    venue = open_venue()
    assert [venue.latest_trade_id(BTC), venue.latest_trade_id(BTC)] == [44, 0]


def test_a_history_longer_than_the_bound_is_an_error_not_a_short_list(stub: StubVenue, open_venue: Open) -> None:
    count = iter(range(1000, 0, -1))
    stub.rest.answers["trades"] = lambda _p: json_answer(
        {"code": 200, "trades": [payloads.trade(number := next(count))], "next_cursor": f"c{number}"}
    )
    with pytest.raises(VenueError, match="longer than 3 pages"):
        open_venue(max_pages=3).fills(BTC)


class SkippingClock(SystemClock):
    """Sleeps by moving its hands."""

    def __init__(self) -> None:
        super().__init__()
        self.slept_s = 0.0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + int(self.slept_s * 1e9)

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds


def test_a_long_history_waits_for_the_rate_limit_page_by_page(stub: StubVenue, config: LighterConfig) -> None:
    def answer(parameters: dict[str, str]) -> Answer:
        number = int(parameters.get("cursor", "9"))
        following = str(number - 1) if number > 5 else ""
        return json_answer({"code": 200, "trades": [payloads.trade(number)], "next_cursor": following})

    stub.rest.answers["trades"] = answer
    clock = SkippingClock()
    two_pages_a_minute = RateLimiter(RateRules(reads_per_window=1_200, sends_per_window=1))
    rest = Rest(config, Signer(config), clock, two_pages_a_minute)
    assert [fill.trade_id for fill in rest.fills(BTC, 0, None)] == [5, 6, 7, 8, 9]
    assert 119 < clock.slept_s < 121
    with pytest.raises(RateLimited):  # a first page does not wait: its caller decides
        rest.latest_trade_id(BTC)
        rest.latest_trade_id(BTC)
    rest.close()


def test_orders_open_closed_and_by_client_index(stub: StubVenue, open_venue: Open) -> None:
    old = payloads.order(order_index=1, updated_at=1761200000, status="filled")
    new = payloads.order(order_index=2, updated_at=1761300500, status="canceled")
    foreign = payloads.order(owner_account_index=9)
    page = json_answer({"code": 200, "orders": [payloads.order(), payloads.order(market_index=0), foreign]})
    stub.rest.answers["accountActiveOrders"] = replying(page)
    stub.rest.answers["accountInactiveOrders"] = replying(
        json_answer({"code": 200, "orders": [new, old], "next_cursor": "c"}),
        json_answer({"code": 200, "orders": [old]}),
    )
    stub.rest.answers["accountOrders"] = replying(page)
    venue = open_venue()
    assert [report.order_index for report in venue.open_orders(BTC)] == [payloads.MAINNET_BID_INDEX]
    assert [report.order_index for report in venue.closed_orders(BTC, since_ms=1761300000000)] == [2]
    assert len(venue.orders_by_client_index(BTC, range(42, 67))) == 1
    asked = [len(call["client_order_indexes"].split(",")) for call in stub.rest.calls("accountOrders")]
    assert asked == [20, 5]
    authorized = {name for name, _, headers in stub.rest.requests if headers.get("authorization")}
    assert authorized == {"accountActiveOrders", "accountInactiveOrders", "accountOrders"}


def test_a_position_that_is_there_flat_or_of_an_unknown_account(stub: StubVenue, open_venue: Open) -> None:
    """F17: an error is never a position of 0."""
    found = {"account_index": ACCOUNT, "index": ACCOUNT, "positions": [payloads.position()]}
    stub.rest.answers["account"] = replying(
        json_answer({"code": 200, "accounts": [found]}),
        json_answer({"code": 200, "accounts": [found]}),
        json_answer({"code": 200, "accounts": []}),
        json_answer({"code": 200}),
        json_answer({"code": 200, "accounts": [found | {"positions": [{"market_id": 1}]}]}),
    )
    venue = open_venue(read_attempts=1)
    assert venue.position(BTC).size == Decimal("-0.00030")
    assert venue.position(ETH).size == 0
    with pytest.raises(VenueRefused, match="21100"):
        venue.position(BTC)
    for _ in range(2):
        with pytest.raises(VenueUnreachable):
            venue.position(BTC)


def test_a_transaction_found_unknown_or_unreadable(stub: StubVenue, open_venue: Open) -> None:
    stub.rest.answers["tx"] = replying(
        json_answer({"code": 200} | payloads.transaction()),
        json_answer({"code": 21500, "message": "transaction not found"}, 400),
        json_answer({"code": 21501, "message": "invalid"}, 400),
    )
    venue = open_venue()
    found = venue.transaction("ab" * 40)
    assert found is not None
    assert (found.status, found.nonce) == (TransactionStatus.EXECUTED, 17)
    assert venue.transaction("cd" * 40) is None
    with pytest.raises(VenueRefused):
        venue.transaction("ef" * 40)
    assert stub.rest.calls("tx")[0] == {"by": "hash", "value": "ab" * 40}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HTML, VenueUnreachable),
        ((200, "text/html", b'{"code":200,"nonce":3}'), VenueUnreachable),
        ((200, "application/json", b"not json"), VenueUnreachable),
        ((0, "", b""), VenueUnreachable),
        ((302, "application/json", b"{}"), VenueRefused),
        (json_answer({"code": 29500, "message": "internal"}, 400), VenueUnreachable),
        (json_answer({"code": 21100, "message": "account not found"}, 400), VenueRefused),
        (json_answer({"code": 21100, "message": "account not found"}), VenueRefused),
        ((429, "text/html", b"slow down"), RateLimited),
        (json_answer({"code": 23000, "message": "too many"}, 400), RateLimited),
    ],
)
def test_errors_say_what_is_known(stub: StubVenue, open_venue: Open, answer: Answer, error: type[Exception]) -> None:
    stub.rest.answers["nextNonce"] = replying(answer)
    with pytest.raises(error):
        open_venue().next_nonce()


def test_a_read_is_repeated_within_its_bound(stub: StubVenue, open_venue: Open) -> None:
    stub.rest.answers["nextNonce"] = replying(HTML, (0, "", b""), json_answer({"code": 200, "nonce": 0}))
    assert open_venue().next_nonce() == 0
    stub.rest.answers["nextNonce"] = replying(HTML)
    with pytest.raises(VenueUnreachable):
        open_venue().next_nonce()
    assert len(stub.rest.calls("nextNonce")) == 6


def test_a_refused_read_is_not_repeated(stub: StubVenue, open_venue: Open) -> None:
    stub.rest.answers["nextNonce"] = replying(json_answer({"code": 21100, "message": ""}, 400))
    with pytest.raises(VenueRefused):
        open_venue().next_nonce()
    assert len(stub.rest.calls("nextNonce")) == 1


def test_our_own_limit_is_kept_before_the_venue_has_to(stub: StubVenue, open_venue: Open) -> None:
    stub.rest.answers["nextNonce"] = replying(json_answer({"code": 200, "nonce": 1}))
    venue = open_venue(tier=Tier.STANDARD)
    for _ in range(40):
        venue.next_nonce()
    with pytest.raises(RateLimited) as caught:
        venue.next_nonce()
    assert caught.value.retry_after_ms > 10_000
    assert len(stub.rest.calls("nextNonce")) == 40


def test_after_a_429_nothing_goes_out_for_a_while(stub: StubVenue, open_venue: Open) -> None:
    stub.rest.answers["nextNonce"] = replying((429, "text/html", b"slow down"))
    venue = open_venue()
    for _ in range(2):
        with pytest.raises(RateLimited):
            venue.next_nonce()
    assert len(stub.rest.calls("nextNonce")) == 1


SIGNED = SignedTransaction(14, '{"Nonce":3,"Sig":"a+b/="}', "ab" * 40, 3, 4, 1, 42)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (json_answer({"code": 200, "tx_hash": "ab", "predicted_execution_time_ms": 5}), Accepted(5)),
        (json_answer({"code": 21702, "message": "price"}, 400), Rejected(21702, "price")),
        (json_answer({"code": 21104, "message": "nonce"}, 400), Rejected(21104, "nonce", is_nonce=True)),
        (json_answer({"code": 400, "message": "old form"}, 400), Rejected(400, "old form")),
        (json_answer({"code": 21739, "message": "margin"}), Rejected(21739, "margin")),
        (json_answer({"code": 23000, "message": "slow"}, 429), Rejected(23000, "slow", is_proof=False)),
        (json_answer({"code": 200}, 400), Unknown),
        (json_answer({"message": "?"}, 400), Unknown),
        (json_answer({"code": 29501, "message": "timeout"}, 400), Unknown),
        ((429, "text/html", b"slow down"), Unknown),
        ((405, "text/html", b"firewall"), Unknown),
        ((0, "", b""), Unknown),
        ((200, "application/json", b'{"code":20'), Unknown),
        (HTML, Unknown),
        ((504, "application/json", b'{"code":21702}'), Unknown),
    ],
)
def test_a_send_by_rest_ends_in_one_of_three_ways(
    stub: StubVenue, open_venue: Open, answer: Answer, expected: Outcome | type[Unknown]
) -> None:
    stub.rest.answers["sendTx"] = replying(answer)
    outcome = open_venue()._rest.send(SIGNED)
    assert outcome == expected if not isinstance(expected, type) else isinstance(outcome, expected)
    assert stub.rest.calls("sendTx") == [{"tx_type": "14", "tx_info": SIGNED.payload}], "once, byte for byte"


def test_a_venue_that_is_not_there(open_venue: Open) -> None:
    venue = open_venue(base_url="http://127.0.0.1:1", read_attempts=1)
    with pytest.raises(VenueUnreachable, match="no connection"):
        venue.next_nonce()
    assert isinstance(venue._rest.send(SIGNED), Unknown)
    with pytest.raises(VenueUnreachable, match=r"http://127\.0\.0\.1:1 does not answer"):
        venue.check()


def registered(index: int, public_key: str) -> Any:
    return json_answer(
        {
            "code": 200,
            "api_keys": [
                {
                    "account_index": index,
                    "api_key_index": 4,
                    "nonce": 3,
                    "public_key": public_key,
                    "transaction_time": 0,
                }
            ],
        }
    )


def test_check_tells_a_right_key_from_a_wrong_one(stub: StubVenue, open_venue: Open) -> None:
    from lighter.signer_client import create_api_key

    from hedge_strategy.config.secret import Secret

    own, own_public, _ = create_api_key()
    _, other_public, _ = create_api_key()
    accounts = random.Random().sample(range(10**6, 10**9), 3)  # the library remembers answers per account and process
    stub.rest.answers["apikeys"] = replying(registered(accounts[0], own_public.removeprefix("0x")))
    open_venue(account_index=accounts[0], private_key=Secret(own)).check()
    stub.rest.answers["apikeys"] = replying(registered(accounts[1], other_public.removeprefix("0x")))
    with pytest.raises(UserError, match="not the one registered as API key 4") as caught:
        open_venue(account_index=accounts[1], private_key=Secret(own)).check()
    assert own.removeprefix("0x") not in str(caught.value)
    stub.rest.answers["apikeys"] = replying(registered(accounts[2], "0" * 80))
    with pytest.raises(UserError, match="is not registered"):
        open_venue(account_index=accounts[2], private_key=Secret(own)).check()
    stub.rest.answers["apikeys"] = replying(json_answer({"code": 21100, "message": "account not found"}, 400))
    with pytest.raises(UserError, match="mend account_index"):
        open_venue(account_index=accounts[2], private_key=Secret(own)).check()
