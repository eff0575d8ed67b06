"""What REST will be made of."""

import pytest

from hedge_strategy.simulator.model import OrderStatus
from hedge_strategy.simulator.settings import Bounds, Delays, ExchangeSettings
from hedge_strategy.simulator.transactions import CancelAll, CancelOrder, TxType
from tests.simulator.core_driver import BTC, ETH, KEY, PRICE, PUBLIC_KEY, SOL, Driver


@pytest.fixture
def venue() -> Driver:
    return Driver()


def test_markets(venue: Driver) -> None:
    assert [(m.market_index, m.symbol) for m in venue.read.markets()] == [(ETH, "ETH"), (BTC, "BTC"), (SOL, "SOL")]
    assert venue.read.market(9) is None
    with pytest.raises(KeyError):
        venue.read.market_stats(9)


def test_book_by_level_and_by_order(venue: Driver) -> None:
    user = venue.user()
    venue.quote(False, 10, PRICE)
    venue.order(user, venue.limit(False, 30, PRICE))
    venue.quote(False, 5, PRICE - 1)
    levels = venue.read.book_levels(BTC, is_ask=False)
    assert [(level.price, level.size) for level in levels] == [(PRICE, 40), (PRICE - 1, 5)]
    assert len(venue.read.book_levels(BTC, is_ask=False, limit=1)) == 1
    orders = venue.read.book_orders(BTC, is_ask=False)
    assert [(o.account_index, o.remaining_base) for o in orders] == [(venue.house, 10), (user, 30), (venue.house, 5)]
    assert venue.read.book_order_count(BTC, is_ask=False) == 3
    assert venue.read.book_orders(BTC, is_ask=True) == []


def test_accounts_and_their_master(venue: Driver) -> None:
    a, b = venue.user(l1_address="0xAbC"), venue.user(l1_address="0xabc")
    venue.user()
    assert [account.account_index for account in venue.read.accounts_by_l1_address("0xABC")] == [a, b]
    assert venue.read.accounts_by_l1_address("0x1234") == []
    assert venue.house not in [account.account_index for account in venue.read.accounts()]
    assert venue.house in [account.account_index for account in venue.read.accounts(include_house=True)]
    assert venue.read.account(12345) is None
    assert venue.read.positions(12345) == []


def test_keys(venue: Driver) -> None:
    user = venue.user()
    venue.exchange.register_key(user, 7, "cd" * 40, venue.now_ns)
    assert [(k.api_key_index, k.public_key) for k in venue.read.api_keys(user)] == [(KEY, PUBLIC_KEY), (7, "cd" * 40)]
    assert venue.read.api_key(user, 8) is None
    assert venue.read.next_nonce(user, 8) is None
    assert venue.read.api_keys(12345) == []


def test_a_flat_position_once_traded_stays_in_the_list(venue: Driver) -> None:
    user = venue.user()
    assert venue.read.positions(user) == []
    venue.quote(True, 10, PRICE)
    venue.run(user, venue.market(False, 10, PRICE))
    venue.quote(False, 10, PRICE)
    venue.run(user, venue.market(True, 10, PRICE))
    assert [(p.market_index, p.size) for p in venue.read.positions(user)] == [(BTC, 0)]


def test_orders_active_closed_and_by_client_index(venue: Driver) -> None:
    user = venue.user()
    first = venue.order(user, venue.limit(False, 100, PRICE, client_order_index=5))
    venue.run(user, CancelOrder(market_index=BTC, index=5))
    second = venue.order(user, venue.limit(False, 100, PRICE, client_order_index=5))
    third = venue.order(user, venue.limit(False, 100, 300_000, client_order_index=6, market_index=ETH))
    read = venue.read
    assert [o.order_index for o in read.active_orders(user)] == [third.order_index, second.order_index]
    assert [o.order_index for o in read.active_orders(user, ETH)] == [third.order_index]
    assert [o.order_index for o in read.inactive_orders(user)] == [first.order_index]
    assert read.inactive_orders(user, ETH) == []
    by_client = read.orders_by_client_index(user, 5)
    assert [(o.order_index, o.status) for o in by_client] == [
        (second.order_index, OrderStatus.OPEN),
        (first.order_index, OrderStatus.CANCELED),
    ]
    assert read.orders_by_client_index(user, 7) == []
    known = read.order(first.order_index)
    assert known is not None and known.status is OrderStatus.CANCELED
    assert read.order(1) is None


def test_inactive_orders_page_by_sequence(venue: Driver) -> None:
    user = venue.user()
    made = [venue.order(user, venue.market(False, 10 + n, PRICE)).order_index for n in range(5)]
    first = venue.read.inactive_orders(user, limit=2)
    second = venue.read.inactive_orders(user, before=first[-1].sequence, limit=3)
    assert [o.order_index for o in first + second] == made[::-1]


def test_trades_of_market_account_and_order(venue: Driver) -> None:
    user = venue.user()
    venue.quote(True, 10, PRICE)
    venue.quote(True, 10, PRICE + 1)
    order = venue.order(user, venue.market(False, 15, PRICE + 1))
    venue.quote(True, 10, 300_000, market=ETH)
    venue.run(user, venue.market(False, 10, 300_000, market_index=ETH))
    assert [t.trade_id for t in venue.read.account_trades(user)] == [3, 2, 1]
    assert [t.trade_id for t in venue.read.account_trades(user, BTC)] == [2, 1]
    assert [t.trade_id for t in venue.read.account_trades(user, before=3, limit=1)] == [2]
    assert [t.trade_id for t in venue.read.market_trades(ETH)] == [3]
    assert [t.base for t in venue.read.order_trades(order.order_index)] == [10, 5]
    assert venue.read.account_trades(12345) == []
    assert venue.read.market_trades(9) == []


def test_transactions_by_account_and_type(venue: Driver) -> None:
    user = venue.user()
    venue.run(user, venue.limit(False, 100, PRICE), tx_hash="aa")
    venue.run(user, CancelAll(time_in_force=0), tx_hash="bb")
    assert [t.hash for t in venue.read.account_transactions(user)] == ["bb", "aa"]
    assert [t.hash for t in venue.read.account_transactions(user, (TxType.CREATE_ORDER,))] == ["aa"]
    newest = venue.read.account_transactions(user)[0]
    assert [t.hash for t in venue.read.account_transactions(user, before=newest.sequence_index)] == ["aa"]
    assert venue.read.account_transactions(12345) == []
    assert venue.read.transaction("cc") is None
    assert venue.read.transaction_by_sequence(99) is None


def test_old_history_is_forgotten_whole() -> None:
    bounds = Bounds(inactive_orders_per_account=8, trades_per_account=8, transactions_per_account=8)
    venue = Driver(ExchangeSettings(delays=Delays(0, 0, 0), bounds=bounds))
    venue.quote(True, 10_000, PRICE)
    user = venue.user()
    orders = [venue.order(user, venue.market(False, 10, PRICE, client_order_index=n + 1)) for n in range(60)]
    oldest, newest = orders[0], orders[-1]
    read = venue.read
    assert read.order(oldest.order_index) is None
    assert read.orders_by_client_index(user, oldest.client_order_index) == []
    assert read.order_trades(oldest.order_index) == []
    assert read.transaction(oldest.tx_hash) is None
    assert read.order(newest.order_index) == newest
    assert len(read.order_trades(newest.order_index)) == 1
    assert 8 <= len(read.inactive_orders(user)) <= 24
    state = venue.exchange._state
    assert len(state.closed) <= 24 and len(state.order_trades) <= 24
