"""Runs inside the CCXT environment, never in ours: one trading session of CCXT's lighter on the simulated exchange.

Usage: ccxt_session.py '{"url": ..., "ws_url": ..., "account_index": ..., "api_key_index": ..., "private_key": ...,
"library_path": ...}'. Prints one JSON object: what each step saw.
"""

import asyncio
import json
import sys
from typing import Any

import ccxt.pro

SYMBOL = "BTC/USDC:USDC"
STEP_TIMEOUT_S = 20
# No builder fee: then CCXT wants these said with each order.
NO_FEE = {"integrator_account_index": 0, "integrator_taker_fee": 0, "integrator_maker_fee": 0}


def client(settings: dict[str, Any], **options: Any) -> Any:
    account, key = str(settings["account_index"]), str(settings["api_key_index"])
    made = ccxt.pro.lighter(
        {
            "enableRateLimit": False,
            "options": {
                "accountIndex": settings["account_index"],
                "apiKeyIndex": settings["api_key_index"],
                "libraryPath": settings["library_path"],
                "auths": {account: {key: {"lighterPrivateKey": settings["private_key"]}}},
                **options,
            },
        }
    )
    for name in ("root", "public", "private"):
        made.urls["api"][name] = settings["url"]
    made.urls["api"]["ws"] = settings["ws_url"]
    return made


async def step(answer: Any) -> Any:
    return await asyncio.wait_for(answer, STEP_TIMEOUT_S)


async def until_order(exchange: Any, order_id: str | None, client_id: str, status: str) -> Any:
    """The order once it is in the open (or closed) list; CCXT learns it from the venue only."""
    fetch = exchange.fetch_open_orders if status == "open" else exchange.fetch_closed_orders
    for _ in range(200):
        for order in await fetch(SYMBOL):
            if order["id"] == order_id or order["clientOrderId"] == client_id:
                return order
        await asyncio.sleep(0.02)
    raise TimeoutError(f"order {client_id} never became {status}")


async def session(settings: dict[str, Any]) -> dict[str, Any]:
    exchange = client(settings, builderFee=False)
    seen: dict[str, Any] = {}
    try:
        markets = await step(exchange.load_markets())
        seen["markets"] = {
            one["base"]: [one["id"], str(one["precision"]["amount"]), str(one["precision"]["price"])]
            for one in markets.values()
            if one["swap"]
        }
        book = await step(exchange.fetch_order_book(SYMBOL, 20))
        seen["book"] = [len(book["bids"]), len(book["asks"]), book["bids"][0][0] < book["asks"][0][0]]
        watched_book = await step(exchange.watch_order_book(SYMBOL))
        seen["watched_book_agrees"] = watched_book["bids"][0] == book["bids"][0]
        seen.update(await resting(exchange, book["bids"][0][0]))
        seen.update(await trading(exchange, book["asks"][0][0]))
    finally:
        await exchange.close()
    return seen


async def resting(exchange: Any, best_bid: float) -> dict[str, Any]:
    """A post-only order far from the market: placed, watched, fetched, cancelled."""
    orders = asyncio.create_task(exchange.watch_orders(SYMBOL))
    await asyncio.sleep(0.3)  # the subscription's own snapshot is empty and resolves nothing
    price = round(best_bid * 0.95)
    params = {"orderExpiry": -1, "postOnly": True, "clientOrderId": 4711, **NO_FEE}
    placed = await step(exchange.create_order(SYMBOL, "limit", "buy", 0.0002, price, params))
    watched = (await step(orders))[0]
    fetched = await until_order(exchange, None, "4711", "open")
    cancelling = asyncio.create_task(exchange.watch_orders(SYMBOL))
    await asyncio.sleep(0)
    await step(exchange.cancel_order(fetched["id"], SYMBOL))
    cancelled = (await step(cancelling))[-1]
    gone = await until_order(exchange, fetched["id"], "4711", "closed")
    return {
        "placed_client_id": str(placed["clientOrderId"]),
        "watched_order": [watched["clientOrderId"], watched["status"], str(watched["amount"])],
        "fetched_order": [fetched["status"], str(fetched["price"] == price), str(fetched["postOnly"])],
        "watched_cancel": [cancelled["clientOrderId"], cancelled["status"]],
        "fetched_cancel": [gone["status"], str(gone["filled"])],
    }


async def trading(exchange: Any, best_ask: float) -> dict[str, Any]:
    """A market order: the fill over the socket, then trades, position and balance over REST."""
    fills = asyncio.create_task(exchange.watch_my_trades(SYMBOL))
    await asyncio.sleep(0.3)
    params = {"clientOrderId": 4712, **NO_FEE}
    await step(exchange.create_order(SYMBOL, "market", "buy", 0.0003, round(best_ask * 1.02), params))
    watched = await step(fills)
    closed = await until_order(exchange, None, "4712", "closed")
    trades = await step(exchange.fetch_my_trades(SYMBOL))
    positions = await step(exchange.fetch_positions([SYMBOL]))
    balance = await step(exchange.fetch_balance())
    return {
        "watched_fill": [watched[0]["symbol"], watched[0]["takerOrMaker"], watched[0]["side"]],
        "order_status": closed["status"],
        "traded": str(round(sum(trade["amount"] for trade in trades), 8)),
        "position": [positions[0]["side"], str(positions[0]["contracts"])],
        "usdc": balance["USDC"]["total"] > 0,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(session(json.loads(sys.argv[1])))) + "\n")
