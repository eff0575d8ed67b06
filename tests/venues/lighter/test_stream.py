"""The account's socket against a real one: subscriptions, pings, gaps, cuts, and what is told of them."""

import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.secret import Secret
from hedge_strategy.domain.order import Side, TransactionStatus
from hedge_strategy.errors import WireError
from hedge_strategy.venues.lighter.config import Hears, LighterConfig
from hedge_strategy.venues.lighter.signer import Signer
from hedge_strategy.venues.lighter.stream import AccountStream
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.port import Connected, Disconnected, FillSeen, OrderSeen, PositionSeen, TransactionSeen
from tests.polling import wait_until
from tests.venues.lighter import payloads
from tests.venues.lighter.conftest import BTC, ETH, Heard
from tests.venues.lighter.payloads import ACCOUNT
from tests.venues.lighter.stub_venue import StubVenue

Open = Callable[..., LighterVenue]


def started(open_venue: Open, **changes: object) -> tuple[LighterVenue, Heard]:
    venue, heard = open_venue(**changes), Heard()
    venue.start([BTC, ETH], heard)
    return venue, heard


def test_connected_is_told_only_when_all_subscriptions_are_confirmed(stub: StubVenue, open_venue: Open) -> None:
    stub.ws.silent_channels = {f"account_tx/{ACCOUNT}"}
    venue, heard = started(open_venue, subscribe_timeout_ms=60_000)
    wait_until(lambda: len(stub.ws.messages("subscribe")) == 6, "six subscriptions")
    wait_until(lambda: venue.book(ETH, 1).is_live, "the book of market 0")
    assert not venue.is_connected()
    assert not heard.of(Connected)
    stub.ws.push({"type": "subscribed/account_tx", "channel": f"account_tx:{ACCOUNT}", "txs": []})
    assert heard.wait(Connected) == [Connected(is_first=True)]
    assert venue.is_connected()


@pytest.mark.parametrize(
    ("hears", "names"),
    [
        (Hears.HEDGES, ["account_all_orders", "account_tx"]),
        (Hears.STATE, ["account_all_orders", "account_all_positions"]),
    ],
)
def test_a_hedger_and_who_only_looks_ask_for_what_they_use(
    stub: StubVenue, open_venue: Open, hears: Hears, names: list[str]
) -> None:
    _, heard = started(open_venue, hears=hears)
    heard.wait(Connected)
    channels = [message["channel"] for message in stub.ws.messages("subscribe") if message.get("auth")]
    assert channels == [f"{name}/{ACCOUNT}" for name in names]


def test_account_channels_carry_a_token_of_our_key(stub: StubVenue, open_venue: Open) -> None:
    _, heard = started(open_venue)
    heard.wait(Connected)
    for message in stub.ws.messages("subscribe"):
        token = message.get("auth", "")
        if message["channel"].startswith("account"):
            expiry, account, key, signature = token.split(":")
            assert (account, key, len(signature)) == (str(ACCOUNT), "4", 160)
            assert 0 < int(expiry) - time.time() <= 8 * 3600
        else:
            assert not token


def test_a_subscription_that_is_never_confirmed_ends_the_connection(stub: StubVenue, open_venue: Open) -> None:
    stub.ws.silent_channels = {f"account_all_orders/{ACCOUNT}"}
    _, heard = started(open_venue, subscribe_timeout_ms=150)
    wait_until(lambda: stub.ws.accepted >= 2, "another connection")
    stub.ws.silent_channels = set()
    heard.wait(Connected)


def test_json_pings_are_answered_at_once(stub: StubVenue, open_venue: Open) -> None:
    """F23: a client that answers frame-level pings only is cut off after two minutes."""
    _, heard = started(open_venue)
    heard.wait(Connected)
    stub.ws.push({"type": "ping"})
    wait_until(lambda: stub.ws.messages("pong"), "a JSON pong")


def test_a_fill_is_told_from_our_side(stub: StubVenue, open_venue: Open) -> None:
    _, heard = started(open_venue)
    heard.wait(Connected)
    stub.ws.push(
        {
            "type": "update/account_all_trades",
            "channel": f"account_all_trades:{ACCOUNT}",
            "trades": {
                "1": [payloads.trade(5)],
                "0": [payloads.trade(6, market_id=0, bid_account_id=7, ask_account_id=ACCOUNT)],
            },
        }
    )
    bought, sold = (seen.fill for seen in heard.wait(FillSeen, 2))
    assert (bought.side, bought.size, bought.is_maker, bought.order_index) == (
        Side.BUY, Decimal("0.00030"), True, payloads.MAINNET_BID_INDEX,
    )  # fmt: skip
    assert (sold.side, sold.market_index, sold.is_maker) == (Side.SELL, 0, False)
    assert heard.threads == {"venue-socket"}


def test_orders_positions_and_transactions_are_told(stub: StubVenue, open_venue: Open) -> None:
    stub.ws.snapshots[f"account_all_positions/{ACCOUNT}"] = {"positions": {"1": payloads.position()}, "shares": []}
    _, heard = started(open_venue)
    heard.wait(Connected)
    sizes = {seen.position.market_index: seen.position.size for seen in heard.of(PositionSeen)}
    assert sizes == {1: Decimal("-0.00030"), 0: Decimal(0)}, "a snapshot names all positions: the others are flat"
    canceled = payloads.order(status="canceled-post-only")
    stub.ws.push({"type": "update/account_all_orders", "channel": "x:1", "orders": {"1": [canceled]}})
    stub.ws.push({"type": "update/account_tx", "channel": "x:1", "txs": [payloads.transaction(status=0)]})
    assert heard.wait(OrderSeen)[0].report.filled_size == Decimal("0.00030")
    assert heard.wait(TransactionSeen)[0].report.status is TransactionStatus.FAILED


def test_repeated_and_replayed_trades_come_with_the_same_trade_id(stub: StubVenue, open_venue: Open) -> None:
    """F5: the snapshot after a reconnect holds old trades; they pass, recognisable."""
    stub.ws.snapshots[f"account_all_trades/{ACCOUNT}"] = {"trades": [payloads.trade(5), payloads.trade(5)]}
    _, heard = started(open_venue)
    heard.wait(Connected)
    stub.ws.cut()
    heard.wait(Connected, 2)
    fills = [seen.fill for seen in heard.of(FillSeen)]
    assert len(fills) == 4
    assert len(set(fills)) == 1


def test_a_cut_is_told_and_the_socket_comes_back_alone(stub: StubVenue, open_venue: Open) -> None:
    venue, heard = started(open_venue)
    heard.wait(Connected)
    stub.ws.cut()
    heard.wait(Disconnected)
    assert heard.wait(Connected, 2)[1] == Connected(is_first=False)
    assert venue.book(BTC, 1).is_live
    assert stub.ws.zombies == 0, "never two sockets at once"
    tokens = [message["auth"] for message in stub.ws.messages("subscribe") if "auth" in message]
    assert len(set(tokens)) == 2, "a fresh token for each connection"


def test_a_chain_of_changes_is_followed_and_a_gap_is_healed(stub: StubVenue, open_venue: Open) -> None:
    venue, heard = started(open_venue)
    heard.wait(Connected)
    change = payloads.book(105, 100, [("111000.0", "0.00000"), ("110999.5", "0.10000")])
    stub.ws.push({"type": "update/order_book"} | change)
    stub.ws.push({"type": "update/order_book"} | change)  # the same frame twice is no gap
    wait_until(lambda: venue.book(BTC, 1).bids == ((Decimal("110999.5"), Decimal("0.10000")),), "the change")
    assert venue.book(BTC, 1).is_live
    stub.ws.silent_channels = {"order_book/1"}
    stub.ws.push({"type": "update/order_book"} | payloads.book(120, 110))
    wait_until(lambda: not venue.book(BTC, 1).is_live, "a book that is not live")
    wait_until(lambda: [m["channel"] for m in stub.ws.messages("unsubscribe")] == ["order_book/1"], "unsubscribing")
    stub.ws.push({"type": "subscribed/order_book"} | payloads.book(200, 0, [("5.0", "1.00000")]))
    wait_until(lambda: venue.book(BTC, 1).is_live, "a live book again")
    assert venue.book(BTC, 9).bids == ((Decimal("5.0"), Decimal("1.00000")),)
    assert venue.is_connected()
    assert not heard.of(Disconnected)


def test_a_book_that_does_not_come_back_is_asked_for_again_and_nothing_else_is_disturbed(
    stub: StubVenue, open_venue: Open
) -> None:
    venue, heard = started(open_venue, subscribe_timeout_ms=100)
    heard.wait(Connected)
    stub.ws.silent_channels = {"order_book/1"}
    stub.ws.push({"type": "update/order_book"} | payloads.book(120, 110))
    wait_until(lambda: len(stub.ws.messages("unsubscribe")) == 3, "it to be asked for again and again")
    assert not venue.is_connected(), "the lane that needs it"
    stub.ws.silent_channels = set()
    wait_until(venue.is_connected, "the book")
    assert venue.book(BTC, 1).is_live
    assert (stub.ws.accepted, heard.of(Disconnected)) == (1, [])


def test_where_not_one_book_comes_the_connection_is_replaced(stub: StubVenue, open_venue: Open) -> None:
    stub.ws.silent_channels = {"order_book/1", "order_book/0"}
    _, heard = started(open_venue, subscribe_timeout_ms=150)
    wait_until(lambda: stub.ws.accepted >= 2, "another connection")
    stub.ws.silent_channels = set()
    heard.wait(Connected)


def test_a_refused_book_is_asked_for_again_and_nothing_else_is_disturbed(stub: StubVenue, open_venue: Open) -> None:
    stub.ws.silent_channels = {"order_book/0"}
    venue, heard = started(open_venue, subscribe_timeout_ms=300)
    wait_until(lambda: venue.book(BTC, 1).is_live, "the other book")
    stub.ws.push({"error": {"code": 30012, "message": "failed to subscribe"}})
    stub.ws.push({"error": {"code": 30005, "message": "Invalid Channel: order_book/0"}})
    wait_until(lambda: len(stub.ws.messages("unsubscribe")) == 1, "it to be asked for again")
    stub.ws.silent_channels = set()
    heard.wait(Connected)
    assert (stub.ws.accepted, heard.of(Disconnected)) == (1, [])


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        "{}",
        '{"type": 7}',
        '{"type":"update/unheard_of","channel":"x:1"}',
        '{"type":"update/order_book","channel":"order_book:99","order_book":{"asks":[],"bids":[],"nonce":1}}',
        json.dumps({"type": "update/account_all_trades", "trades": {"1": [{"size": 3}]}}),
    ],
)
def test_a_frame_that_makes_no_sense_is_counted_and_skipped(stub: StubVenue, open_venue: Open, frame: str) -> None:
    venue, heard = started(open_venue)
    heard.wait(Connected)
    stub.ws.push(frame)
    stub.ws.push(frame)
    wait_until(lambda: sum(venue.wire_errors.values()) == 2, "two counted errors")
    stub.ws.push({"type": "update/account_all_trades", "trades": {"1": [{"size": 3}, payloads.trade(8)]}})
    assert heard.wait(FillSeen)[0].fill.trade_id == 8, "the good trade beside the bad one"
    assert not heard.of(Disconnected)


def test_an_announced_restart_is_left_early(stub: StubVenue, open_venue: Open) -> None:
    _, heard = started(open_venue)
    heard.wait(Connected)
    stub.ws.push({"type": "shutdown", "close_in_ms": 60_000})
    heard.wait(Connected, 2)
    assert stub.ws.zombies == 0


def test_the_connection_is_replaced_before_its_token_ends(stub: StubVenue, open_venue: Open) -> None:
    _, heard = started(open_venue, token_life_s=1)
    heard.wait(Connected, 2)
    assert [event.reason for event in heard.of(Disconnected)][:1] == ["the auth token ends"]


def test_a_refused_subscription_ends_the_connection(stub: StubVenue, open_venue: Open) -> None:
    _, heard = started(open_venue)
    heard.wait(Connected)
    stub.ws.push({"error": {"code": 30003, "message": "Already Subscribed to : ticker:3"}})
    stub.ws.push({"error": {"code": 30012, "message": "failed to subscribe"}})
    assert "30012" in heard.wait(Disconnected)[0].reason


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=5,
)
TYPES = ["ping", "connected", "shutdown", "error", "unsubscribed", "jsonapi/sendtx", "pong", ""]
TYPES += [
    f"{kind}/{name}"
    for kind in ("update", "subscribed")
    for name in ("order_book", "account_all_trades", "account_all_orders", "account_all_positions", "account_tx", "x")
]
FIELDS = ["channel", "trades", "orders", "positions", "txs", "order_book", "error", "code", "id", "data", "close_in_ms"]
GOOD = {"1": [payloads.trade(), payloads.order(), payloads.position(), payloads.transaction()]}
VALUES = ANYTHING | st.sampled_from(["order_book:1", f"account_tx:{ACCOUNT}", GOOD, payloads.book(3)["order_book"]])
FRAMES = st.builds(
    lambda kind, fields: json.dumps({"type": kind} | fields).encode(),
    st.sampled_from(TYPES) | ANYTHING,
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4),
)


@given(frames=st.lists(FRAMES | st.binary(max_size=30), max_size=12))
def test_no_frame_ever_raises_anything_but_a_wire_error(frames: list[bytes], fuzzed_stream: AccountStream) -> None:
    fuzzed_stream.opened()
    for frame in frames:
        with suppress(WireError):
            fuzzed_stream.frame(frame)
        fuzzed_stream.tick()
    fuzzed_stream.closed("end")
    assert not fuzzed_stream.is_connected


@pytest.fixture(scope="module")
def fuzzed_stream(private_key: str) -> AccountStream:
    """A stream without a connection: what it writes goes nowhere."""
    config = LighterConfig("http://127.0.0.1:1", ACCOUNT, 4, Secret(private_key))
    return AccountStream(config, Signer(config), SystemClock(), random.Random(1).random, lambda _event: None)
