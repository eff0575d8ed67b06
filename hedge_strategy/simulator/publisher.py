"""Tells subscribers what happened: events of the exchange become frames on their channels.

Promises: one frame per channel and step, made only when someone listens; orders appear once per frame, in their latest
state, terminal ones included; within a step the frames of one account come in an order that varies with the seed, as
on the venue (a fill may come before or after the position or the order it belongs to). Book changes wait for the next
batch (`flush_books`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hedge_strategy.simulator.book_feed import BookFeed
from hedge_strategy.simulator.channel_snapshots import Payloads
from hedge_strategy.simulator.channels import Channel, Frame, make_frame
from hedge_strategy.simulator.config import PositionFrame
from hedge_strategy.simulator.connection import Connection
from hedge_strategy.simulator.events import (
    AccountChanged,
    BookChanged,
    Event,
    OrderChanged,
    PositionChanged,
    TradeExecuted,
    TransactionExecuted,
)
from hedge_strategy.simulator.faults import fraction_of
from hedge_strategy.simulator.host import ExchangeHost
from hedge_strategy.simulator.model import Account, BookLevel, Order, Position, Trade, Transaction

REPLAYED_TRADES: Final = 10


@dataclass(slots=True)
class _AccountNews:
    trades: list[Trade] = field(default_factory=list)
    orders: dict[int, Order] = field(default_factory=dict)
    positions: dict[int, Position] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    account: Account | None = None


class Publisher:
    """Who listens to what, and what they are told."""

    def __init__(self, host: ExchangeHost) -> None:
        self._host = host
        self._listeners: dict[str, dict[Connection, Channel]] = {}
        self._listened_accounts: dict[int, int] = {}
        self._payloads = Payloads(host.read, host.config)
        self._feeds = {index: BookFeed(market) for index, market in host.markets.items()}
        self._told_tickers: dict[int, tuple[BookLevel | None, BookLevel | None]] = {}
        self._told_height = -1
        self._steps = 0
        host.listen(self.on_events)

    # -- subscriptions -----------------------------------------------------------------------------------------------

    def subscribe(self, connection: Connection, channel: Channel) -> None:
        """Queues the snapshot and adds the listener."""
        if channel.name == "order_book" and channel.market_index is not None:
            self._flush_book(channel.market_index, self._host.now_ns())
        if channel.key not in connection.channels:
            connection.channels[channel.key] = channel
            self._listeners.setdefault(channel.key, {})[connection] = channel
            if channel.account_index is not None:
                connection.accounts.add(channel.account_index)
                count = self._listened_accounts.get(channel.account_index, 0)
                self._listened_accounts[channel.account_index] = count + 1
        connection.queue(self._snapshot(channel))

    def unsubscribe(self, connection: Connection, key: str) -> bool:
        """False when it was not subscribed."""
        channel = connection.channels.pop(key, None)
        if channel is None:
            return False
        listeners = self._listeners.get(key, {})
        listeners.pop(connection, None)
        if not listeners:
            self._listeners.pop(key, None)
        if channel.account_index is not None:
            self._listened_accounts[channel.account_index] -= 1
            if not any(one.account_index == channel.account_index for one in connection.channels.values()):
                connection.accounts.discard(channel.account_index)
        return True

    def drop(self, connection: Connection) -> None:
        """Forgets a closed connection."""
        for key in list(connection.channels):
            self.unsubscribe(connection, key)

    def _snapshot(self, channel: Channel) -> Frame:
        now_ns = self._host.now_ns()
        market_index = channel.market_index
        if channel.name == "order_book" and market_index is not None:
            asks, bids = (self._host.read.book_levels(market_index, side) for side in (True, False))
            payload = self._feeds[market_index].snapshot(asks, bids, now_ns)
        elif channel.name == "ticker" and market_index is not None:
            payload = self._feeds[market_index].ticker(*self._best(market_index), now_ns)
        else:
            replay = self._host.config.socket.snapshot_trades
            if channel.name in ("account_all_trades", "account_all", "account_market"):
                struck = self._host.faults.strike("replayed_trades", now_ns, channel.account_index, market_index)
                replay = max(replay, REPLAYED_TRADES) if struck is not None else replay
            payload = self._payloads.of_channel(channel, now_ns, replay)
        return make_frame(channel, payload, snapshot=True)

    # -- what happened -----------------------------------------------------------------------------------------------

    def on_events(self, events: Sequence[Event], now_ns: int) -> None:
        """Queues the frames of one step."""
        news: dict[int, _AccountNews] = {}
        market_trades: dict[int, list[Trade]] = {}
        for event in events:
            match event:
                case BookChanged():
                    self._feeds[event.market_index].change(event.is_ask, event.price, event.size, event.at_ns)
                case TradeExecuted(trade=trade):
                    market_trades.setdefault(trade.market_index, []).append(trade)
                    for account_index in {trade.ask_account_index, trade.bid_account_index}:
                        self._news_of(news, account_index).trades.append(trade)
                case OrderChanged(order=order):
                    self._news_of(news, order.account_index).orders[order.order_index] = order
                case PositionChanged(position=position):
                    self._news_of(news, position.account_index).positions[position.market_index] = position
                case AccountChanged(account=account):
                    self._news_of(news, account.account_index).account = account
                case TransactionExecuted(transaction=transaction):
                    self._news_of(news, transaction.account_index).transactions.append(transaction)
                case _:
                    pass
        if not self._listeners:
            return
        for account_index, one in news.items():
            if self._listened_accounts.get(account_index):
                self._tell_account(account_index, one, now_ns)
        for market_index, trades in market_trades.items():
            channel = Channel("trade", market_index=market_index)
            if channel.key in self._listeners:
                self._tell(channel, make_frame(channel, self._payloads.market_trades(trades)))

    @staticmethod
    def _news_of(news: dict[int, _AccountNews], account_index: int) -> _AccountNews:
        found = news.get(account_index)
        if found is None:
            found = news[account_index] = _AccountNews()
        return found

    def _tell_account(self, account_index: int, news: _AccountNews, now_ns: int) -> None:
        account = news.account or self._host.read.account(account_index)
        if account is None:
            return
        groups = [
            self._fill_frames(account, news, now_ns),
            self._position_frames(account, news),
            self._order_frames(account, news),
            self._transaction_frames(account, news),
        ]
        self._steps += 1
        seed, step = self._host.config.seed, self._steps * len(groups)
        order = sorted(range(len(groups)), key=lambda place: fraction_of(seed, step + place))
        for group in [*(groups[place] for place in order), self._balance_frames(account, news, now_ns)]:
            for channel, frame in group:
                self._tell(channel, frame)

    def _fill_frames(self, account: Account, news: _AccountNews, now_ns: int) -> list[tuple[Channel, Frame]]:
        if not news.trades:
            return []
        index = account.account_index
        fills = tuple((trade.market_index, trade.trade_id) for trade in news.trades)
        trades = list(news.trades)
        heard = [name for name in ("account_all", "account_all_trades") if f"{name}:{index}" in self._listeners]
        if heard and self._host.faults.strike("replayed_trades", now_ns, index, trades[0].market_index) is not None:
            older = self._host.read.account_trades(index, before=trades[0].trade_id, limit=REPLAYED_TRADES)
            trades = [*reversed(older), *trades]
        made = []
        for name in heard:
            channel = Channel(name, account_index=index)
            if name == "account_all":
                payload = self._payloads.account_all(account, [], trades)
            else:
                payload = self._payloads.account_all_trades(account, trades)
            made.append((channel, make_frame(channel, payload, fills)))
        return made

    def _position_frames(self, account: Account, news: _AccountNews) -> list[tuple[Channel, Frame]]:
        if not news.positions:
            return []
        full = self._host.config.socket.position_frame is PositionFrame.FULL
        positions = account.positions if full else list(news.positions.values())
        made = []
        for name in ("account_all", "account_all_positions"):
            channel = Channel(name, account_index=account.account_index)
            if channel.key in self._listeners:
                payload = (
                    self._payloads.account_all(account, positions, [])
                    if name == "account_all"
                    else self._payloads.account_all_positions(positions)
                )
                made.append((channel, make_frame(channel, payload)))
        return made

    def _order_frames(self, account: Account, news: _AccountNews) -> list[tuple[Channel, Frame]]:
        index, orders = account.account_index, list(news.orders.values())
        made = []
        channel = Channel("account_all_orders", account_index=index)
        # An order's new filled amount tells of its fills as well as the trades do, and may be told first.
        fills = tuple((trade.market_index, trade.trade_id) for trade in news.trades)
        if orders and channel.key in self._listeners:
            made.append((channel, make_frame(channel, {"orders": self._payloads.order_map(orders)}, fills)))
        touched = {order.market_index for order in orders} | set(news.positions)
        for market_index in sorted(touched | {trade.market_index for trade in news.trades}):
            mine = [order for order in orders if order.market_index == market_index]
            trades = [trade for trade in news.trades if trade.market_index == market_index]
            fills = tuple((market_index, trade.trade_id) for trade in trades)
            channel = Channel("account_orders", market_index, index)
            if mine and channel.key in self._listeners:
                made.append((channel, make_frame(channel, self._payloads.account_orders(account, mine), fills)))
            channel = Channel("account_market", market_index, index)
            if channel.key in self._listeners:
                payload = self._payloads.account_market(account, news.positions.get(market_index), mine, trades)
                made.append((channel, make_frame(channel, payload, fills)))
        return made

    def _transaction_frames(self, account: Account, news: _AccountNews) -> list[tuple[Channel, Frame]]:
        channel = Channel("account_tx", account_index=account.account_index)
        if not news.transactions or channel.key not in self._listeners:
            return []
        return [(channel, make_frame(channel, self._payloads.account_tx(news.transactions, account.l1_address)))]

    def _balance_frames(self, account: Account, news: _AccountNews, now_ns: int) -> list[tuple[Channel, Frame]]:
        if news.account is None and not news.positions:
            return []
        made = []
        stats = Channel("user_stats", account_index=account.account_index)
        if stats.key in self._listeners:
            made.append((stats, make_frame(stats, self._payloads.user_stats(account, now_ns))))
        assets = Channel("account_all_assets", account_index=account.account_index)
        if assets.key in self._listeners:
            made.append((assets, make_frame(assets, self._payloads.account_all_assets(account, now_ns))))
        return made

    # -- by the clock ------------------------------------------------------------------------------------------------

    def flush_books(self) -> None:
        """Tells the book changes of all markets since the last call, and the tickers that moved."""
        now_ns = self._host.now_ns()
        for market_index in self._feeds:
            if self._feeds[market_index].has_changes:
                self._flush_book(market_index, now_ns)

    def tell_stats(self) -> None:
        """Tells the figures of each market to those who listen."""
        now_ns = self._host.now_ns()
        for channel in [Channel("market_stats"), *(Channel("market_stats", index) for index in self._feeds)]:
            if channel.key in self._listeners:
                self._tell(channel, make_frame(channel, self._payloads.market_stats(channel.market_index, now_ns)))

    def tell_height(self) -> None:
        """Tells the height when it rose."""
        height = self._host.read.block_height()
        channel = Channel("height")
        if height != self._told_height and channel.key in self._listeners:
            self._told_height = height
            self._tell(channel, make_frame(channel, self._payloads.height(self._host.now_ns())))

    def _flush_book(self, market_index: int, now_ns: int) -> None:
        feed = self._feeds[market_index]
        payload = feed.batch(now_ns)
        if payload is None:
            return
        book = Channel("order_book", market_index=market_index)
        if book.key in self._listeners:
            self._tell(book, make_frame(book, payload))
        ticker = Channel("ticker", market_index=market_index)
        if ticker.key in self._listeners:
            best = self._best(market_index)
            if best != self._told_tickers.get(market_index):
                self._told_tickers[market_index] = best
                self._tell(ticker, make_frame(ticker, feed.ticker(*best, now_ns)))

    def _best(self, market_index: int) -> tuple[BookLevel | None, BookLevel | None]:
        asks = self._host.read.book_levels(market_index, True, 1)
        bids = self._host.read.book_levels(market_index, False, 1)
        return (asks[0] if asks else None), (bids[0] if bids else None)

    def _tell(self, channel: Channel, frame: Frame) -> None:
        for connection in self._listeners.get(channel.key, ()):
            connection.queue(frame)
