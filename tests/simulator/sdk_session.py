"""The unmodified SDK as a user of the simulated exchange has it: a signer, the reading interfaces, an auth token."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import lighter
from lighter.nonce_manager import NonceManagerType
from lighter.signer_client import SignerClient

from tests.simulator.serving import RunningExchange, TestAccount

GOOD_TILL_TIME = SignerClient.ORDER_TIME_IN_FORCE_GOOD_TILL_TIME
POST_ONLY = SignerClient.ORDER_TIME_IN_FORCE_POST_ONLY
IMMEDIATE = SignerClient.ORDER_TIME_IN_FORCE_IMMEDIATE_OR_CANCEL
LIMIT = SignerClient.ORDER_TYPE_LIMIT
ETH, BTC = 0, 1
FAR_BELOW, FAR_ABOVE = 1_050_000, 1_150_000
"""BTC prices in ticks, on either side of a market near 110 000."""

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Session:
    """One account's SDK objects."""

    account: TestAccount
    signer: SignerClient
    accounts: lighter.AccountApi
    orders: lighter.OrderApi
    transactions: lighter.TransactionApi
    token: str

    async def rest(self, client_order_index: int, **changes: Any) -> Any:
        """A post-only buy of 0.0002 BTC far below the market; the send answer."""
        order = {"market_index": BTC, "base_amount": 20, "price": FAR_BELOW, "is_ask": False, "order_type": LIMIT}
        order |= {"client_order_index": client_order_index, "time_in_force": POST_ONLY} | changes
        return sent(await self.signer.create_order(**order))

    async def order(self, client_order_index: int) -> Any:
        """The latest order under a client order index, active or not; None where the venue shows none."""
        found = await self.orders.account_orders(self.token, str(client_order_index), self.account.index)
        return found.orders[0] if found.orders else None

    async def order_when(self, client_order_index: int, status: str) -> Any:
        async def look() -> Any:
            order = await self.order(client_order_index)
            return order if order is not None and order.status == status else None

        return await eventually(look, f"order {client_order_index} to be {status}")

    async def size(self, market_index: int) -> Decimal:
        """The account's signed position."""
        position = await self.position(market_index)
        return Decimal(0) if position is None else position.sign * Decimal(position.position)

    async def position(self, market_index: int) -> Any:
        account = (await self.accounts.account("index", str(self.account.index))).accounts[0]
        return next((one for one in account.positions if one.market_id == market_index), None)


def sent(answer: tuple[Any, Any, Any]) -> Any:
    """The send answer of a SignerClient call that was accepted."""
    _, response, error = answer
    assert error is None, error
    assert response.code == 200
    assert len(response.tx_hash) == 80
    return response


def refusal(answer: tuple[Any, Any, Any]) -> str:
    """The error text of a SignerClient call that was refused."""
    _, response, error = answer
    assert response is None
    return str(error)


async def eventually(look: Callable[[], Awaitable[Seen]], what: str, *, deadline_s: float = 10) -> Seen:
    """The first true answer of `look`, asked every 10 ms."""
    async with asyncio.timeout(deadline_s):
        while not (seen := await look()):
            await asyncio.sleep(0.01)
    assert seen, what
    return seen


@asynccontextmanager
async def session(
    exchange: RunningExchange,
    account: TestAccount | None = None,
    nonces: NonceManagerType = NonceManagerType.OPTIMISTIC,
) -> AsyncIterator[Session]:
    """A session of a fresh account unless one is given."""
    owner = account or exchange.account()
    signer = SignerClient(exchange.url, owner.index, {owner.api_key_index: owner.private_key}, nonces)
    try:
        token, error = signer.create_auth_token_with_expiry(600, api_key_index=owner.api_key_index)
        assert error is None
        client = signer.api_client
        apis = lighter.AccountApi(client), lighter.OrderApi(client), lighter.TransactionApi(client)
        yield Session(owner, signer, *apis, token)
    finally:
        await signer.close()
