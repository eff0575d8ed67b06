"""Frames and messages that make no sense never stop A or B: counted, said once per kind, skipped.

A good one afterwards is still handled.

Everything that listens is fed by hypothesis: B's channel and stream and A's result channel on real processes, the
venue's socket on the real client.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.secret import Secret
from hedge_strategy.coordination.keys import FILL_GROUP, STREAM_FIELD, market_keys
from hedge_strategy.coordination.messages import decode_fill
from hedge_strategy.errors import WireError
from hedge_strategy.venues.lighter.config import LighterConfig, Tier
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.port import Connected, Disconnected, FillSeen
from tests.polling import wait_until
from tests.process import scenarios
from tests.process.judge import counted, expect_quiet
from tests.product import BTC, Product, ProductProcess, running_product
from tests.venues.lighter import payloads
from tests.venues.lighter.conftest import BTC as BTC_MARKET
from tests.venues.lighter.conftest import FAST, Heard
from tests.venues.lighter.stub_venue import StubVenue, running_stub

EXAMPLES = settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
PATIENCE_S = 10

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
NO_JSON = st.binary(max_size=200) | st.sampled_from([b"", b"{", b"[" * 5_000, b'{"a":' * 2_000, b"x" * 100_000])
ANY_JSON = JSON_VALUES.map(lambda value: json.dumps(value).encode())
# Nothing that may stand where an amount, an index, a time or a side is wanted.
NO_FIELD = st.sampled_from(
    [
        "NaN",
        "-1",
        "-0.00010",
        "1e5",
        "Infinity",
        "",
        " ",
        "0x10",
        "9" * 400,
        -1,
        -(2**70),
        2**70,
        1.5,
        True,
        None,
        [],
        {},
    ]
)


@st.composite
def spoilt(draw: st.DrawFn, good: dict[str, Any], foreign: dict[str, list[Any]]) -> bytes:
    """A good object with a field missing, of a wrong type or out of range, or about something foreign."""
    spoilt_object = dict(good)
    name = draw(st.sampled_from(sorted(good)))
    how = draw(st.sampled_from(["missing", "nonsense", "foreign"]))
    if how == "missing":
        del spoilt_object[name]
    elif how == "nonsense":
        spoilt_object[name] = draw(NO_FIELD)
    else:
        name = draw(st.sampled_from(sorted(foreign)))
        spoilt_object[name] = draw(st.sampled_from(foreign[name]))
    return json.dumps(spoilt_object).encode()


# --- Redis, and the two processes -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("hostile") / "run") as running:
        scenarios.start_btc(running)
        yield running


def a_fill(product: Product) -> dict[str, Any]:
    """The eight fields that every fill message has, of an order that A never had."""
    return {
        "account_index": product.maker_account,
        "market_index": BTC,
        "order_index": 844424930100000,
        "filled_base_amount": "0.50000",
        "filled_quote_amount": "50000.000000",
        "avg_price": "100000.0",
        "timestamp": 1_761_300_000,
        "side": "buy",
    }


def a_result(product: Product) -> dict[str, Any]:
    """A result that would free A from waiting."""
    return a_fill(product) | {
        "account_index": product.hedger_account,
        "market": "BTC",
        "maker_account_index": product.maker_account,
        "maker_market_index": BTC,
        "maker_order_index": 844424930100000,
        "hedged_base_amount": "0.50000",
        "maker_filled_base_amount": "0.50000",
        "status": "paused",
    }


def said_at_most_once(process: ProductProcess) -> None:
    """One line per kind of skipped message."""
    lines = [line for line in process.log() if str(line.get("event")).startswith("skipped")]
    kinds = [line["kind"] for line in lines]
    assert kinds, "something was said"
    assert len(kinds) == len(set(kinds)), lines


@pytest.mark.process
def test_redis_messages_that_make_no_sense(product: Product) -> None:
    keys, client = market_keys("BTC"), product.redis_client()
    order = product.wait_quote(BTC)
    before = counted(product)
    foreign = {"account_index": [0, 99_999], "market_index": [0, 2, 2048], "market": ["ETH", "btc", "{BTC}", "?" * 100]}
    fills = NO_JSON | ANY_JSON | spoilt(a_fill(product), foreign)
    results = NO_JSON | ANY_JSON | spoilt(a_result(product), {"market": ["ETH", ""], "status": ["done", 7]})

    @EXAMPLES
    @given(fill=fills, result=results, field=st.sampled_from([STREAM_FIELD, STREAM_FIELD, "other"]))
    def feed(fill: bytes, result: bytes, field: str) -> None:
        client.publish(keys.fill_channel, fill)
        client.xadd(keys.fills, {field: fill})
        client.publish(keys.result_channel, result)

    feed()
    wait_until(lambda: is_read(product), "the stream read to its end")
    wait_until(lambda: all(is_foreign(product, entry) for entry in pending(product)), "all garbage taken off")
    expect_quiet(product, 0.3)
    assert counted(product) == before, "nothing was hedged for them"
    product.fill(BTC, "0.00030", order=order)
    scenarios.expect_hedged_all(product, PATIENCE_S)
    product.fill(BTC, "0.00070", order=order)
    scenarios.expect_hedged_all(product, PATIENCE_S)
    product.wait_quote(BTC, is_ask=not order["is_ask"])
    for process in product.processes:
        said_at_most_once(process)
    maker = next(process for process in product.processes if process.name.startswith("main_A"))
    for process in (maker, scenarios.hedger_of(product)):
        process.interrupt()
    for process in product.processes:
        assert process.wait() == 0
        (totals,) = process.log("counted in all")
        assert sum(value for value in totals.values() if isinstance(value, int)) > 20
    assert product.tracebacks() == []


def is_read(product: Product) -> bool:
    client, stream = product.redis_client(), market_keys("BTC").fills
    (group,) = client.xinfo_groups(stream)
    last = client.xinfo_stream(stream)["last-generated-id"]
    return group["name"] == FILL_GROUP.encode() and group["last-delivered-id"] == last


def pending(product: Product) -> list[bytes]:
    """What was given out and is still in the stream."""
    client, stream = product.redis_client(), market_keys("BTC").fills
    held = client.xpending_range(stream, FILL_GROUP, min="-", max="+", count=10_000)
    found = [client.xrange(stream, one["message_id"], one["message_id"]) for one in held]
    entries = [fields for entry in found for _, fields in entry]  # what was taken off meanwhile waits no more
    return [entry.get(STREAM_FIELD.encode(), b"") for entry in entries]


def is_foreign(product: Product, payload: bytes) -> bool:
    """A fill of another account or market, which may be somebody's."""
    try:
        message = decode_fill(payload, "BTC")
    except WireError:
        return False
    return (message.account_index, message.market_index) != (product.maker_account, BTC)


# --- the venue's socket -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stub() -> Iterator[StubVenue]:
    with running_stub() as running:
        yield running


@pytest.fixture(scope="module")
def venue(stub: StubVenue) -> Iterator[tuple[LighterVenue, Heard]]:
    from lighter.signer_client import create_api_key

    key, _, error = create_api_key()
    assert error is None
    config = LighterConfig(
        stub.base_url, payloads.ACCOUNT, 4, Secret(key), ws_url=stub.ws_url, tier=Tier.PREMIUM, timing=FAST
    )
    client, heard = LighterVenue(config, SystemClock(), lambda: 0.5), Heard()
    client.start([BTC_MARKET], heard)
    heard.wait(Connected)
    yield client, heard
    client.close()


FOREIGN = {"market_id": [2**40, "1"], "market_index": [2**40, "1"], "size": ["-1", "0"], "status": ["gone", 99]}
GOOD = {
    "account_all_trades": ("trades", payloads.trade(7)),
    "account_all_orders": ("orders", payloads.order()),
    "account_all_positions": ("positions", payloads.position()),
    "account_tx": ("txs", payloads.transaction()),
}


@st.composite
def spoilt_frames(draw: st.DrawFn) -> str:
    """A frame of one of the account's channels with something wrong inside."""
    channel = draw(st.sampled_from(sorted(GOOD)))
    name, good = GOOD[channel]
    item = json.loads(draw(spoilt(good, FOREIGN)))
    body = draw(st.sampled_from([{"1": [item]}, [item], {"1": item}, {"1": [[item]]}, item, [None], 7, "x", None]))
    return json.dumps({"type": f"update/{channel}", "channel": f"{channel}:{payloads.ACCOUNT}", name: body})


@st.composite
def odd_types(draw: st.DrawFn) -> str:
    """An envelope of an unknown type, or one that its channel does not go with."""
    kind = draw(st.sampled_from(["update/", "update/nothing", "jsonapi/sendtx", "", "?", "x" * 1000]) | JSON_VALUES)
    return json.dumps({"type": kind, "channel": draw(JSON_VALUES), "data": draw(JSON_VALUES)})


@st.composite
def odd_books(draw: st.DrawFn) -> str:
    """Changes of a book that cannot be applied."""
    level = draw(
        st.sampled_from([{"price": "-1", "size": "1"}, {"price": "NaN", "size": "1"}, {"size": 1}, [], None, 3])
    )
    body = draw(
        st.sampled_from([{"bids": [level], "asks": [], "nonce": 1}, {"bids": level}, {"nonce": "x"}, {}, [], None])
    )
    channel = draw(st.sampled_from(["order_book:1", "order_book:", "order_book:x", "order_book:9", "order_book/1", 1]))
    return json.dumps({"type": "update/order_book", "channel": channel, "order_book": body})


def test_venue_frames_that_make_no_sense(stub: StubVenue, venue: tuple[LighterVenue, Heard]) -> None:
    client, heard = venue
    frames = (
        NO_JSON.map(lambda data: data.decode("latin-1"))
        | ANY_JSON.map(bytes.decode)
        | spoilt_frames()
        | odd_types()
        | odd_books()
    )

    with structlog.testing.capture_logs() as lines:

        @EXAMPLES
        @given(frame=frames)
        def feed(frame: str) -> None:
            stub.ws.push(frame)

        feed()
        good = {"trades": {"1": [{"size": 3}, payloads.trade(8)]}}
        stub.ws.push({"type": "update/account_all_trades", "channel": f"account_all_trades:{payloads.ACCOUNT}"} | good)
        wait_until(lambda: any(seen.fill.trade_id == 8 for seen in heard.of(FillSeen)), "the good trade after them")
    said = [line["error"] for line in lines if str(line["event"]).startswith("unreadable frame")]
    sources = [text.partition(":")[0] for text in said]
    assert len(sources) == len(set(sources)), f"once per kind: {said}"
    assert set(sources) == set(client.wire_errors)
    assert sum(client.wire_errors.values()) > 50, "and all are counted"
    assert not [line for line in lines if line["log_level"] in ("error", "critical")], "no bug came to light"
    assert client.is_connected()
    assert not heard.of(Disconnected)
