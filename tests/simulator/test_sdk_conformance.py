"""The unmodified SDK trades on the simulated exchange: every kind of order a hedger sends, and what comes of it."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from decimal import Decimal
from typing import Any

import pytest
from lighter.exceptions import BadRequestException
from lighter.nonce_manager import NonceManagerType
from lighter.signer_client import SignerClient

from tests.simulator.sdk_session import (
    BTC,
    ETH,
    FAR_ABOVE,
    FAR_BELOW,
    GOOD_TILL_TIME,
    IMMEDIATE,
    LIMIT,
    eventually,
    refusal,
    sent,
    session,
)
from tests.simulator.serving import RunningExchange, TestAccount, running_exchange

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        yield running


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def test_check_client_accepts_the_registered_key_and_no_other(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            assert user.signer.check_client() is None
        stranger = exchange.account()
        async with session(exchange, TestAccount(exchange.account().index, stranger.private_key)) as user:
            assert "private key does not match" in str(user.signer.check_client())

    run(check())


def test_a_limit_order_rests_and_is_cancelled_by_its_order_index(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            await user.rest(11, time_in_force=GOOD_TILL_TIME)
            order = await user.order_when(11, "open")
            assert (order.price, order.initial_base_amount, order.is_ask) == ("105000.0", "0.00020", False)
            assert (order.market_index, order.owner_account_index) == (BTC, user.account.index)
            assert order.order_index == 2 * 2**48 + order.nonce
            active = await user.orders.account_active_orders(user.token, user.account.index, BTC)
            assert [one.client_order_index for one in active.orders] == [11]
            sent(await user.signer.cancel_order(BTC, order.order_index))
            assert (await user.order_when(11, "canceled")).filled_base_amount == "0.00000"
            inactive = await user.orders.account_inactive_orders(user.token, user.account.index, 100)
            assert [one.client_order_index for one in inactive.orders] == [11]

    run(check())


def test_an_order_is_cancelled_by_its_client_order_index(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            await user.rest(12, market_index=ETH, price=300_000, base_amount=100)
            await user.order_when(12, "open")
            sent(await user.signer.cancel_order(ETH, 12))
            await user.order_when(12, "canceled")

    run(check())


def test_a_post_only_order_that_would_trade_is_cancelled_and_does_not(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            await user.rest(13, price=FAR_ABOVE)
            assert (await user.order_when(13, "canceled-post-only")).filled_base_amount == "0.00000"
            assert await user.size(BTC) == 0

    run(check())


def test_a_market_order_trades_and_every_record_agrees(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            sent(await user.signer.create_market_order(BTC, 14, 30, FAR_ABOVE, False))
            order = await user.order_when(14, "filled")
            assert (order.type, order.time_in_force) == ("market", "immediate-or-cancel")
            assert (order.filled_base_amount, order.remaining_base_amount) == ("0.00030", "0.00000")
            position = await user.position(BTC)
            assert (position.sign, position.position, position.symbol) == (1, "0.00030", "BTC")
            found = await user.orders.trades("timestamp", 100, user.token, account_index=user.account.index)
            assert sum(Decimal(trade.size) for trade in found.trades) == Decimal("0.00030")
            assert sum(Decimal(trade.usd_amount) for trade in found.trades) == Decimal(order.filled_quote_amount)
            assert {trade.bid_id for trade in found.trades} == {order.order_index}
            assert {trade.bid_client_id for trade in found.trades} == {14}
            assert all(trade.is_maker_ask for trade in found.trades)
            truth = exchange.admin(f"trades?account_index={user.account.index}")["trades"]
            assert [trade["trade_id"] for trade in truth] == sorted(trade.trade_id for trade in found.trades)

    run(check())


def test_market_orders_with_the_sdks_own_slippage_bound_go_both_ways(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            sent(await user.signer.create_market_order_limited_slippage(ETH, 15, 100, 0.01, False))
            await user.order_when(15, "filled")
            sent(await user.signer.create_market_order_limited_slippage(ETH, 16, 100, 0.01, True))
            await user.order_when(16, "filled")
            assert await user.size(ETH) == 0

    run(check())


def test_a_market_order_that_cannot_keep_its_bound_is_accepted_and_then_cancelled(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            answer = sent(await user.signer.create_market_order(BTC, 17, 20, FAR_BELOW, False))
            order = await user.order_when(17, "canceled-too-much-slippage")
            assert order.filled_base_amount == "0.00000"
            found = await user.transactions.tx("hash", answer.tx_hash)
            assert json.loads(found.event_info)["to"]["st"] == 9

    run(check())


def test_an_ioc_limit_takes_what_its_price_allows_and_the_rest_is_cancelled(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            best = (await user.orders.order_book_orders(BTC, 1)).asks[0]
            price = int(Decimal(best.price) * 10)
            size = int(Decimal(best.remaining_base_amount) * 10**5)
            await user.rest(18, time_in_force=IMMEDIATE, order_expiry=0, price=price, base_amount=size + 50)

            async def look() -> Any:
                order = await user.order(18)
                return order if order is not None and order.status.startswith("canceled") else None

            order = await eventually(look, "the rest to be cancelled")
            assert Decimal(order.filled_base_amount) == Decimal(best.remaining_base_amount)
            assert order.remaining_base_amount == "0.00050"

    run(check())


def test_modify_sets_the_new_total_and_price(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            await user.rest(19)
            order = await user.order_when(19, "open")
            sent(await user.signer.modify_order(BTC, order.order_index, 35, FAR_BELOW + 10))

            async def look() -> Any:
                changed = await user.order(19)
                return changed if changed.price == "105001.0" else None

            changed = await eventually(look, "the new price")
            assert (changed.initial_base_amount, changed.order_index) == ("0.00035", order.order_index)
            assert changed.status == "open"

    run(check())


def test_cancel_all_empties_every_market_and_one_market_only_when_named(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            for client_order_index, market, price, base in ((21, BTC, FAR_BELOW, 20), (22, ETH, 300_000, 100)):
                await user.rest(client_order_index, market_index=market, price=price, base_amount=base)
                await user.order_when(client_order_index, "open")
            now = SignerClient.CANCEL_ALL_TIF_IMMEDIATE
            sent(await user.signer.cancel_all_orders(now, 0, cancel_all_market_index=ETH))
            await user.order_when(22, "canceled")
            assert (await user.order(21)).status == "open"
            sent(await user.signer.cancel_all_orders(now, 0))
            await user.order_when(21, "canceled")

    run(check())


def test_the_dead_mans_switch_is_armed_and_aborted(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:

            async def armed_at() -> int:
                found = await user.accounts.account("index", str(user.account.index))
                return int(found.accounts[0].cancel_all_time)

            at_ms = exchange.admin("status")["now_ns"] // 10**6 + 400_000
            sent(await user.signer.cancel_all_orders(SignerClient.CANCEL_ALL_TIF_SCHEDULED, at_ms))
            assert await eventually(armed_at, "the switch to be armed") == at_ms
            sent(await user.signer.cancel_all_orders(SignerClient.CANCEL_ALL_TIF_ABORT, 0))

            async def aborted() -> bool:
                return await armed_at() == 0

            await eventually(aborted, "the switch to be off")

    run(check())


def test_leverage_changes_the_markets_margin(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            sent(await user.signer.update_leverage(BTC, SignerClient.CROSS_MARGIN_MODE, 10))

            async def look() -> Any:
                return await user.position(BTC)

            position = await eventually(look, "the market to appear")
            assert (position.initial_margin_fraction, position.margin_mode) == ("10.00", 0)

    run(check())


def test_the_hash_is_known_before_sending_and_finds_the_transaction(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            lane = {"nonce": 0, "api_key_index": user.account.api_key_index}
            order = (BTC, 23, 20, FAR_BELOW, 0, LIMIT, GOOD_TILL_TIME)
            tx_type, tx_info, tx_hash, error = user.signer.sign_create_order(*order, **lane)
            assert error is None
            with pytest.raises(BadRequestException, match="21500"):
                await user.transactions.tx("hash", tx_hash)
            answer = await user.signer.send_tx(tx_type, tx_info)
            assert answer.tx_hash == tx_hash
            await user.order_when(23, "open")
            found = await user.transactions.tx("hash", tx_hash)
            assert (found.hash, found.type, found.status, found.nonce) == (tx_hash, 14, 2, 0)
            assert json.loads(found.info) == json.loads(tx_info)
            listed = await user.transactions.account_txs(
                10, "account_index", str(user.account.index), authorization=user.token
            )
            assert [one.hash for one in listed.txs] == [tx_hash]

    run(check())


def test_one_signed_transaction_runs_at_most_once(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            lane = {"nonce": 0, "api_key_index": user.account.api_key_index}
            tx_type, tx_info, _, _ = user.signer.sign_create_order(
                BTC, 24, 20, FAR_ABOVE, 0, SignerClient.ORDER_TYPE_MARKET, IMMEDIATE, order_expiry=0, **lane
            )
            await user.signer.send_tx(tx_type, tx_info)
            await user.order_when(24, "filled")
            with pytest.raises(BadRequestException, match="invalid nonce") as refused:
                await user.signer.send_tx(tx_type, tx_info)
            assert json.loads(refused.value.body)["code"] == 21104
            assert await user.size(BTC) == Decimal("0.00020")

    run(check())


def test_a_batch_is_accepted_as_one_and_executed_in_order(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            key = user.account.api_key_index
            one = user.signer.sign_create_order(
                BTC, 25, 20, FAR_BELOW, 0, LIMIT, GOOD_TILL_TIME, nonce=0, api_key_index=key
            )
            two = user.signer.sign_cancel_order(BTC, 25, nonce=1, api_key_index=key)
            answer = await user.signer.send_tx_batch([int(one[0]), int(two[0])], [one[1], two[1]])
            assert answer.tx_hash == [one[2], two[2]]
            await user.order_when(25, "canceled")

    run(check())


@pytest.mark.parametrize("nonces", [NonceManagerType.OPTIMISTIC, NonceManagerType.API])
def test_nonce_managers_keep_up(exchange: RunningExchange, nonces: NonceManagerType) -> None:
    async def check() -> None:
        async with session(exchange, nonces=nonces) as user:
            for client_order_index in (31, 32, 33):
                await user.rest(client_order_index)
                await user.order_when(client_order_index, "open")
            refused = refusal(await user.signer.create_order(99, 34, 20, FAR_BELOW, False, LIMIT, GOOD_TILL_TIME))
            assert "21602" in refused
            await user.rest(35)
            await user.order_when(35, "open")
            nonce = await user.transactions.next_nonce(user.account.index, user.account.api_key_index)
            assert nonce.nonce == 4

    run(check())


def test_an_optimistic_counter_that_is_ahead_comes_back_after_one_refusal(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            await user.rest(36)
            user.signer.nonce_manager.nonce[user.account.api_key_index] += 5
            assert "21104" in refusal(await user.signer.cancel_order(BTC, 36))
            sent(await user.signer.cancel_order(BTC, 36))
            await user.order_when(36, "canceled")

    run(check())


def test_what_the_venue_refuses_carries_its_number(exchange: RunningExchange) -> None:
    async def check() -> None:
        stranger = exchange.account()
        async with session(exchange) as user:
            order = (BTC, 41, 20, FAR_BELOW, False, LIMIT, GOOD_TILL_TIME)
            too_small = (BTC, 42, 1, FAR_BELOW, False, LIMIT, GOOD_TILL_TIME)
            assert "21706" in refusal(await user.signer.create_order(*too_small))
            await user.rest(41)
            await user.order_when(41, "open")
            assert "21728" in refusal(await user.signer.create_order(*order))
        async with session(exchange, TestAccount(exchange.account().index, stranger.private_key)) as user:
            assert "21120" in refusal(await user.signer.create_order(*order))
        async with session(exchange, TestAccount(987_654, stranger.private_key)) as user:
            _, tx_info, _, _ = user.signer.sign_create_order(*order[:4], 0, *order[5:], nonce=0, api_key_index=4)
            with pytest.raises(BadRequestException, match="2110"):
                await user.signer.send_tx(14, tx_info)

    run(check())


def test_private_reads_need_a_token_of_that_account(exchange: RunningExchange) -> None:
    async def check() -> None:
        other = exchange.account()
        async with session(exchange) as user:
            for token, index in (
                ("", user.account.index),
                (user.token + "0", user.account.index),
                (user.token, other.index),
            ):
                with pytest.raises(Exception, match="auth"):
                    await user.orders.account_active_orders(token, index, BTC)

    run(check())


def test_a_reduce_only_order_never_opens_a_position(exchange: RunningExchange) -> None:
    async def check() -> None:
        async with session(exchange) as user:
            sent(await user.signer.create_market_order(BTC, 51, 20, FAR_ABOVE, False, reduce_only=True))
            await user.order_when(51, "canceled-reduce-only")
            assert await user.size(BTC) == 0
            sent(await user.signer.create_market_order(BTC, 52, 20, FAR_ABOVE, False))
            await user.order_when(52, "filled")
            sent(await user.signer.create_market_order(BTC, 53, 90, FAR_BELOW, True, reduce_only=True))

            async def flat() -> bool:
                return await user.size(BTC) == 0

            await eventually(flat, "the position to be closed")
            assert (await user.order(53)).filled_base_amount == "0.00020"

    run(check())
