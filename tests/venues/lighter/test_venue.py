"""The venue as its users see it: what is sent, by which way, and that every send ends in exactly one answer."""

import json
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Accepted, OrderIntent, OrderKind, Rejected, Side, SignedTransaction, Unknown
from hedge_strategy.errors import RateLimited, SigningFailed, VenueError
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Approved, approve
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues.lighter.config import RATE_RULES, LighterConfig, Tier
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.port import Connected, Disconnected, SendAnswered, VenueEvent
from hedge_strategy.venues.transport.rate_limit import URGENT_SENDS
from tests.polling import wait_until
from tests.venues.lighter.conftest import BTC, ETH, Heard
from tests.venues.lighter.stub_venue import StubVenue, json_answer

Open = Callable[..., LighterVenue]


def approved(market: Market = BTC, size: str = "0.00030", price: str = "111282.15") -> Approved:
    intent = OrderIntent(market, Side.BUY, OrderKind.MARKET, Decimal(size), Decimal(price), 77)
    result = approve(intent, Limits(), Situation(Decimal(0)))
    assert isinstance(result, Approved)
    return result


def connected(open_venue: Open, **changes: Any) -> tuple[LighterVenue, Heard]:
    venue, heard = open_venue(**changes), Heard()
    venue.start([BTC, ETH], heard)
    heard.wait(Connected)
    return venue, heard


def accept(data: dict[str, Any]) -> list[Any]:
    return [{"type": "jsonapi/sendtx", "id": data["id"], "code": 200, "predicted_execution_time_ms": 17}]


def ended(heard: Heard, count: int = 1) -> list[tuple[int, Any]]:
    return [(event.transaction.nonce, event.outcome) for event in heard.wait(SendAnswered, count)]


def test_an_order_goes_out_over_the_socket_as_it_was_signed(stub: StubVenue, open_venue: Open) -> None:
    stub.ws.on_send = accept
    venue, heard = connected(open_venue)
    signed = venue.sign_order(approved(), nonce=5)
    venue.send(signed)
    assert ended(heard) == [(5, Accepted(17))]
    (sent,) = stub.ws.messages("jsonapi/sendtx")
    assert sent["data"]["tx_type"] == 14
    info = sent["data"]["tx_info"]
    assert (info["BaseAmount"], info["Price"], info["IsAsk"], info["Nonce"]) == (30, 1112821, 0, 5)
    assert stub.rest.calls("sendTx") == []


def of_owner(*addresses: str) -> Callable[[dict[str, str]], Any]:
    """Answers for accounts 0, 1, … with the addresses given; others are ACCOUNT's, the first one."""

    def answer(parameters: dict[str, str]) -> Any:
        index = int(parameters["value"])
        address = addresses[index] if index < len(addresses) else addresses[0]
        body = {"account_index": index, "index": index, "positions": [], "l1_address": address}
        return json_answer({"code": 200, "accounts": [body]})

    return answer


def test_accounts_of_one_owner_are_kept_apart_by_the_venue(stub: StubVenue, open_venue: Open) -> None:
    """The resting order gives way, whichever of the owner's accounts it is of: attribute 7 is 1, and 6 expires the
    maker, which is 0 and therefore left out of what is signed (venue fact sheet 2.3)."""
    stub.rest.answers["account"] = of_owner("0xAb", "0xaB")
    venue = open_venue()
    assert venue.give_way_between(1)
    attributes = json.loads(venue.sign_order(approved(), nonce=5).payload)["L2TxAttributes"]
    assert attributes == {"7": 1}


def test_accounts_of_two_owners_are_not(stub: StubVenue, open_venue: Open) -> None:
    stub.rest.answers["account"] = of_owner("0xab", "0xcd")
    venue = open_venue()
    assert not venue.give_way_between(1)
    assert json.loads(venue.sign_order(approved(), nonce=5).payload)["L2TxAttributes"] is None


def test_an_owner_that_is_not_told_is_no_owner(stub: StubVenue, open_venue: Open) -> None:
    """Two accounts without an address are not one owner's."""
    stub.rest.answers["account"] = of_owner("")
    with pytest.raises(VenueError, match="whose account"):
        open_venue().give_way_between(1)


def test_answers_find_their_sends_in_any_order(stub: StubVenue, open_venue: Open) -> None:
    held: list[dict[str, Any]] = []

    def answer_last_first(data: dict[str, Any]) -> list[Any]:
        held.append(data)
        if len(held) < 3:
            return []
        by_hash = {"type": "jsonapi/sendtx", "code": 200, "tx_hash": second.hash, "predicted_execution_time_ms": 2}
        refused = {"type": "jsonapi/sendtx", "id": held[0]["id"], "code": 21702, "message": "price"}
        return [*accept(held[2]), by_hash, refused]

    stub.ws.on_send = answer_last_first
    venue, heard = connected(open_venue)
    first, second, third = (venue.sign_cancel(BTC, 1, nonce) for nonce in (0, 1, 2))
    for signed in (first, second, third):
        venue.send(signed)
    assert ended(heard, 3) == [(2, Accepted(17)), (1, Accepted(2)), (0, Rejected(21702, "price"))]


def test_a_bare_error_refuses_the_only_send(stub: StubVenue, open_venue: Open) -> None:
    stub.ws.on_send = lambda _data: [{"error": {"code": 21104, "message": "invalid nonce"}}]
    venue, heard = connected(open_venue)
    venue.send(venue.sign_cancel_all(3))
    assert ended(heard) == [(3, Rejected(21104, "invalid nonce", is_nonce=True))]


def test_a_bare_error_with_two_outstanding_proves_nothing(stub: StubVenue, open_venue: Open) -> None:
    venue, heard = connected(open_venue)
    venue.send(venue.sign_cancel_all(3))
    venue.send(venue.sign_cancel_all(4))
    wait_until(lambda: len(stub.ws.messages("jsonapi/sendtx")) == 2, "both sends")
    stub.ws.push({"error": {"code": 21702, "message": "?"}})
    assert all(isinstance(outcome, Unknown) for _, outcome in ended(heard, 2))


def test_a_lost_answer_ends_as_unknown_and_once(stub: StubVenue, open_venue: Open) -> None:
    """F8, F9: neither executed nor dead may be concluded."""
    venue, heard = connected(open_venue)
    venue.send(venue.sign_cancel_all(3))
    assert ended(heard) == [(3, Unknown("no answer in time"))]
    (sent,) = stub.ws.messages("jsonapi/sendtx")
    for frame in accept(sent["data"]):
        stub.ws.push(frame)
    venue.send(venue.sign_cancel_all(4))
    assert [nonce for nonce, _ in ended(heard, 2)] == [3, 4]
    assert venue.is_connected()


def test_a_drop_ends_all_that_is_outstanding_as_unknown(stub: StubVenue, open_venue: Open) -> None:
    venue, heard = connected(open_venue, answer_timeout_ms=60_000)
    for nonce in range(3):
        venue.send(venue.sign_cancel_all(nonce))
    wait_until(lambda: len(stub.ws.messages("jsonapi/sendtx")) == 3, "the sends")
    stub.ws.cut()
    answers = ended(heard, 3)
    assert [nonce for nonce, _ in answers] == [0, 1, 2]
    assert all(isinstance(outcome, Unknown) for _, outcome in answers)
    heard.wait(Connected, 2)
    assert len(heard.of(SendAnswered)) == 3
    assert len(stub.ws.messages("jsonapi/sendtx")) == 3, "nothing is repeated by itself"
    assert stub.rest.calls("sendTx") == []


def test_without_a_socket_sends_go_by_rest_in_order(stub: StubVenue, open_venue: Open) -> None:
    stub.rest.answers["sendTx"] = lambda _p: json_answer({"code": 200, "predicted_execution_time_ms": 3})
    stub.ws.greets = False
    venue, heard = open_venue(), Heard()
    venue.start([BTC], heard)
    signed = [venue.sign_cancel(BTC, 9, nonce) for nonce in range(4)]
    for transaction in signed:
        venue.send(transaction)
    assert ended(heard, 4) == [(nonce, Accepted(3)) for nonce in range(4)]
    assert [call["tx_info"] for call in stub.rest.calls("sendTx")] == [transaction.payload for transaction in signed]


def test_sends_do_not_overtake_those_that_wait_for_rest(stub: StubVenue, open_venue: Open) -> None:
    """A later nonce that arrives before an earlier one is refused (venue fact sheet 2.4)."""
    gate, arrived = threading.Event(), threading.Event()

    def slow(_parameters: dict[str, str]) -> Any:
        arrived.set()
        gate.wait(5)
        return json_answer({"code": 200})

    stub.rest.answers["sendTx"] = slow
    stub.ws.greets = False
    venue, heard = open_venue(subscribe_timeout_ms=50), Heard()
    venue.start([BTC], heard)
    venue.send(venue.sign_cancel_all(0))
    assert arrived.wait(5)
    stub.ws.greets = True
    heard.wait(Connected)
    venue.send(venue.sign_cancel_all(1))
    gate.set()
    assert [nonce for nonce, _ in ended(heard, 2)] == [0, 1]
    assert stub.ws.messages("jsonapi/sendtx") == []
    stub.ws.on_send = accept
    venue.send(venue.sign_cancel_all(2))
    assert ended(heard, 3)[2] == (2, Accepted(17))


def test_the_same_bytes_may_be_sent_again(stub: StubVenue, open_venue: Open) -> None:
    venue, heard = connected(open_venue)
    signed = venue.sign_order(approved(), nonce=5)
    venue.send(signed)
    assert isinstance(ended(heard)[0][1], Unknown)
    stub.ws.on_send = accept
    venue.send(signed)
    assert ended(heard, 2)[1] == (5, Accepted(17))
    first, second = stub.ws.messages("jsonapi/sendtx")
    assert first["data"]["tx_info"] == second["data"]["tx_info"]


def test_more_unanswered_sends_than_the_bound_are_refused_here(stub: StubVenue, open_venue: Open) -> None:
    venue, _ = connected(open_venue, max_outstanding_sends=2, answer_timeout_ms=60_000)
    for nonce in range(2):
        venue.send(venue.sign_cancel_all(nonce))
    with pytest.raises(RateLimited):
        venue.send(venue.sign_cancel_all(2))
    wait_until(lambda: len(stub.ws.messages("jsonapi/sendtx")) == 2, "the two sends")


def test_reads_do_not_use_up_what_sends_need(stub: StubVenue, open_venue: Open) -> None:
    stub.rest.answers["nextNonce"] = lambda _p: json_answer({"code": 200, "nonce": 1})
    stub.ws.on_send = accept
    venue, heard = connected(open_venue, tier=Tier.STANDARD)
    with pytest.raises(RateLimited):
        for _ in range(60):
            venue.next_nonce()
    for nonce in range(20):
        venue.send(venue.sign_cancel_all(nonce))
    ended(heard, 20)
    with pytest.raises(RateLimited):
        venue.send(venue.sign_cancel_all(20))


@pytest.mark.parametrize("adds_risk", [True, False])
def test_only_orders_that_add_risk_leave_room_for_cancels(stub: StubVenue, open_venue: Open, adds_risk: bool) -> None:
    """A hedge takes risk away, as a cancel does: it is not held back while the venue would still take it."""
    stub.ws.on_send = accept
    venue, heard = connected(open_venue, tier=Tier.STANDARD, orders_add_risk=adds_risk)
    most = RATE_RULES[Tier.STANDARD].sends_per_window - (URGENT_SENDS if adds_risk else 0)
    for nonce in range(most):
        venue.send(venue.sign_order(approved(), nonce))
    ended(heard, most)
    with pytest.raises(RateLimited):
        venue.send(venue.sign_order(approved(), most))


def test_after_too_many_requests_sends_pause(stub: StubVenue, open_venue: Open) -> None:
    stub.ws.on_send = lambda data: [{"type": "jsonapi/sendtx", "id": data["id"], "code": 23000, "message": "slow"}]
    venue, heard = connected(open_venue)
    venue.send(venue.sign_cancel_all(0))
    assert ended(heard) == [(0, Rejected(23000, "slow", is_proof=False))]
    with pytest.raises(RateLimited) as caught:
        venue.send(venue.sign_cancel_all(0))
    assert 0 < caught.value.retry_after_ms <= 1_000


def test_what_cannot_be_encoded_is_not_signed(open_venue: Open) -> None:
    venue = open_venue()
    with pytest.raises(SigningFailed, match="price in ticks"):
        venue.sign_order(approved(price="0.04"), nonce=1)
    with pytest.raises(SigningFailed, match="no market index"):
        venue.sign_cancel(replace(BTC, index=255), 1, nonce=1)
    with pytest.raises(SigningFailed, match="no market index"):
        venue.sign_cancel_all(1, replace(BTC, index=255))


def test_a_listener_may_send_from_inside_an_event(stub: StubVenue, config: LighterConfig) -> None:
    stub.ws.on_send = accept
    venue, heard = LighterVenue(config, SystemClock(), random.Random(1).random), Heard()

    def listener(event: VenueEvent) -> None:
        if isinstance(event, Connected):
            venue.send(venue.sign_cancel_all(8))
        heard(event)

    venue.start([BTC], listener)
    assert ended(heard) == [(8, Accepted(17))]
    venue.close()


def test_closing_ends_threads_and_sockets_and_may_be_repeated(stub: StubVenue, open_venue: Open) -> None:
    before = {thread.ident for thread in threading.enumerate()}
    venue, heard = connected(open_venue)
    venue.send(venue.sign_cancel_all(0))
    venue.close()
    venue.close()
    left = [t.name for t in threading.enumerate() if t.ident not in before and t.name.startswith("venue-")]
    assert left == []
    wait_until(lambda: stub.ws.live == 0, "the socket's end")
    assert isinstance(ended(heard)[0][1], Unknown)
    assert len(heard.of(Disconnected)) == 1
    with pytest.raises(VenueError, match="not started"):
        venue.send(venue.sign_cancel_all(1))


def test_the_key_is_shown_nowhere(
    stub: StubVenue, open_venue: Open, private_key: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """I6."""
    digits = private_key.removeprefix("0x")
    venue, heard = connected(open_venue)
    stub.ws.push("not json")
    venue.send(venue.sign_cancel_all(0))
    ended(heard)
    stub.ws.cut()
    heard.wait(Connected, 2)
    shown = f"{venue!r} {vars(venue)!r} {heard.events!r} {stub.ws.received} {capfd.readouterr()}"
    assert digits not in shown


def test_a_send_that_could_not_be_told_of_is_refused(open_venue: Open) -> None:
    venue = open_venue()
    with pytest.raises(VenueError, match="not started"):
        venue.send(SignedTransaction(16, "{}", "ab", 0, 4, 1))
