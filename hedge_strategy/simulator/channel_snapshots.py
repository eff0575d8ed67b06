"""The first frame of each subscription, and the account payloads that snapshots and updates share (fact sheet 3.3).

Promise: a snapshot is the state as of the last step. Trades in a snapshot are old fills told again, as on the venue.
Pure but for what it reads of the exchange. Known limits: the counts of a day, a week and a month are all the total.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hedge_strategy.simulator.channels import Channel
from hedge_strategy.simulator.config import SimulatorConfig
from hedge_strategy.simulator.markets import MICRO_DECIMALS, Market
from hedge_strategy.simulator.model import Account, Order, Position, Trade
from hedge_strategy.simulator.reads import Reads
from hedge_strategy.simulator.wire import JsonObject, order_object, trade_object, transaction_object
from hedge_strategy.simulator.wire_accounts import (
    USDC_ASSET_ID,
    asset_object,
    position_map,
    position_object,
    user_stats_object,
)
from hedge_strategy.simulator.wire_markets import market_stats_object, number


class Payloads:
    """Makes payloads from the exchange's state."""

    def __init__(self, read: Reads, config: SimulatorConfig) -> None:
        self.markets: Mapping[int, Market] = {market.market_index: market for market in read.markets()}
        self._read = read
        self._config = config

    def of_channel(self, channel: Channel, now_ns: int, replay: int) -> dict[str, Any]:
        """The snapshot of any channel but order_book and ticker; `replay` is how many old trades it tells again."""
        if channel.name == "height":
            return self.height(now_ns)
        if channel.name == "market_stats":
            return self.market_stats(channel.market_index, now_ns)
        if channel.name == "trade":
            return self.market_trades(self._read.market_trades(channel.market_index or 0, limit=replay))
        return self._of_account(channel, now_ns, replay)

    def _of_account(self, channel: Channel, now_ns: int, replay: int) -> dict[str, Any]:
        index = channel.account_index or 0
        account = self._read.account(index)
        if account is None:
            return {"account": index}
        match channel.name:
            case "account_all":
                trades = self._read.account_trades(index, limit=replay)
                return self.account_all(account, account.positions, trades)
            case "account_market":
                return self._account_market(account, channel.market_index or 0, replay)
            case "account_orders":
                return self.account_orders(account, self._read.active_orders(index, channel.market_index))
            case "account_all_orders":
                return {"orders": self.order_map(self._read.active_orders(index))}
            case "account_all_trades":
                return self.account_all_trades(account, self._read.account_trades(index, limit=replay))
            case "account_all_positions":
                return self.account_all_positions(account.positions)
            case "account_all_assets":
                return self.account_all_assets(account, now_ns)
            case "user_stats":
                return self.user_stats(account, now_ns)
            case "account_tx":
                return {"txs": []}
            case _:
                return {"notifs": []}

    # -- parts that updates use too ----------------------------------------------------------------------------------

    def order_map(self, orders: Iterable[Order]) -> dict[str, list[JsonObject]]:
        """Orders by market."""
        made: dict[str, list[JsonObject]] = {}
        for order in orders:
            shown = order_object(order, self.markets[order.market_index], self._config.wire)
            made.setdefault(str(order.market_index), []).append(shown)
        return made

    def trade_list(self, trades: Iterable[Trade]) -> list[JsonObject]:
        """Trades as they stand in frames."""
        return [trade_object(trade, self.markets[trade.market_index], self._config.wire) for trade in trades]

    def trade_map(self, trades: Iterable[Trade]) -> dict[str, list[JsonObject]]:
        """Trades by market."""
        made: dict[str, list[JsonObject]] = {}
        for trade in trades:
            shown = trade_object(trade, self.markets[trade.market_index], self._config.wire)
            made.setdefault(str(trade.market_index), []).append(shown)
        return made

    def account_all(
        self, account: Account, positions: Iterable[Position], trades: Iterable[Trade], funding: Any = None
    ) -> dict[str, Any]:
        """account_all; the client library replaces its state with each of these, so every key is present."""
        count, volume = account.total_trade_count, number(account.total_volume, MICRO_DECIMALS)
        return {
            "account": account.account_index,
            "assets": {str(USDC_ASSET_ID): asset_object(account)},
            "positions": position_map(positions, self.markets),
            "trades": self.trade_map(trades),
            "funding_histories": funding or {},
            "shares": [],
            **{f"{span}_trades_count": count for span in ("daily", "weekly", "monthly", "total")},
            **{f"{span}_volume": volume for span in ("daily", "weekly", "monthly", "total")},
        }

    def account_orders(self, account: Account, orders: Iterable[Order]) -> dict[str, Any]:
        """account_orders of one market."""
        return {
            "account": account.account_index,
            "nonce": self._read.block_height(),
            "orders": self.order_map(orders),
        }

    def account_all_trades(self, account: Account, trades: Iterable[Trade]) -> dict[str, Any]:
        """account_all_trades with the volumes."""
        volume = number(account.total_volume, MICRO_DECIMALS)
        spans = ("total", "monthly", "weekly", "daily")
        return {"trades": self.trade_map(trades), **{f"{span}_volume": volume for span in spans}}

    def account_all_positions(self, positions: Iterable[Position]) -> dict[str, Any]:
        """account_all_positions."""
        return {
            "positions": position_map(positions, self.markets),
            "shares": [],
            "last_funding_round": None,
            "last_funding_discount": None,
        }

    def account_all_assets(self, account: Account, now_ns: int) -> dict[str, Any]:
        """account_all_assets."""
        return {"assets": {str(USDC_ASSET_ID): asset_object(account)}, "timestamp": now_ns // 1_000_000}

    def user_stats(self, account: Account, now_ns: int) -> dict[str, Any]:
        """user_stats."""
        return {"stats": user_stats_object(account), "timestamp": now_ns // 1_000_000}

    def account_market(
        self, account: Account, position: Position | None, orders: Sequence[Order], trades: Sequence[Trade]
    ) -> dict[str, Any]:
        """account_market: one market of one account."""
        market = None if position is None else self.markets[position.market_index]
        return {
            "account": account.account_index,
            "assets": {str(USDC_ASSET_ID): asset_object(account)},
            "funding_history": None,
            "orders": [order_object(order, self.markets[order.market_index], self._config.wire) for order in orders],
            "position": position_object(position, market) if position is not None and market is not None else {},
            "trades": self.trade_list(trades),
        }

    def account_tx(self, transactions: Iterable[Any], l1_address: str) -> dict[str, Any]:
        """account_tx: the confirmation of sends."""
        return {"txs": [transaction_object(one, l1_address) for one in transactions]}

    def market_trades(self, trades: Sequence[Trade]) -> dict[str, Any]:
        """trade: all trades of a market."""
        usual = [trade for trade in trades if trade.kind.text == "trade"]
        forced = [trade for trade in trades if trade.kind.text != "trade"]
        return {
            "trades": self.trade_list(usual),
            "liquidation_trades": self.trade_list(forced),
            "nonce": self._read.block_height(),
        }

    def market_stats(self, market_index: int | None, now_ns: int) -> dict[str, Any]:
        """market_stats of one market, or of all by index."""
        stats: Any
        if market_index is None:
            stats = {
                str(index): market_stats_object(market, self._read.market_stats(index))
                for index, market in self.markets.items()
            }
        else:
            stats = market_stats_object(self.markets[market_index], self._read.market_stats(market_index))
        return {"market_stats": stats, "timestamp": now_ns // 1_000_000}

    def height(self, now_ns: int) -> dict[str, Any]:
        """height."""
        return {"height": self._read.block_height(), "timestamp": now_ns // 1_000_000}

    def _account_market(self, account: Account, market_index: int, replay: int) -> dict[str, Any]:
        position = next((one for one in account.positions if one.market_index == market_index), None)
        orders = self._read.active_orders(account.account_index, market_index)
        trades = self._read.account_trades(account.account_index, market_index, limit=replay)
        return self.account_market(account, position, orders, trades)
