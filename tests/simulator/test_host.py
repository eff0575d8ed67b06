"""Time in the running exchange: what is due happens when it is due, and is told in order."""

import asyncio
from collections.abc import Sequence

from hedge_strategy.clock import SystemClock
from hedge_strategy.simulator.config import SimulatorConfig
from hedge_strategy.simulator.events import Event, TradeExecuted
from hedge_strategy.simulator.exchange import Exchange
from hedge_strategy.simulator.flow_driver import HOUSE_MAKER_ACCOUNT, HOUSE_TAKER_ACCOUNT, FlowDriver
from hedge_strategy.simulator.host import ExchangeHost
from hedge_strategy.simulator.model import InvariantViolation
from hedge_strategy.simulator.transactions import HouseOrder
from hedge_strategy.simulator.truth import TruthLog
from tests.simulator.live_exchange import BTC, live_exchange


def test_a_delayed_transaction_is_executed_by_the_timer_within_milliseconds_of_its_time() -> None:
    with live_exchange(exchange={"delays": {"maker_ms": 120, "taker_ms": 120, "cancel_ms": 0}}) as exchange:
        trader = exchange.trader()
        with exchange.stream() as stream:
            stream.subscribe(f"account_tx/{trader.account_index}", trader.token())
            trader.sent(trader.limit(BTC, is_ask=False, size=100, price=900_000))
            (told,) = stream.until("update/account_tx")["txs"]
        (row,) = exchange.truth("transactions")
    assert row["executed_ns"] - row["received_ns"] >= 120_000_000
    assert told["executed_at"] - told["queued_at"] < 120 + 1_000


def test_the_truth_knows_a_trade_before_any_listener_does() -> None:
    seen: list[int] = []

    async def run() -> None:
        now_ns = SystemClock().now_ns()
        exchange, truth = Exchange(now_ns=now_ns), TruthLog()
        host = ExchangeHost(exchange, SimulatorConfig(), SystemClock(), truth)
        host.attach_flow(FlowDriver(exchange, [], now_ns))

        def listen(events: Sequence[Event], at_ns: int) -> None:
            assert at_ns >= now_ns
            if any(isinstance(event, TradeExecuted) for event in events):
                seen.append(truth.count("trade"))

        host.listen(listen)
        for account, is_ask in ((HOUSE_MAKER_ACCOUNT, True), (HOUSE_TAKER_ACCOUNT, False)):
            order = HouseOrder(account_index=account, market_index=BTC, is_ask=is_ask, base=5, price=1_000_000)
            exchange.place_house_order(order, host.now_ns())
        host.advance()
        host.close()
        truth.close()

    asyncio.run(run())
    assert seen == [1]


class BrokenExchange(Exchange):
    """Its books do not balance."""

    def advance(self, now_ns: int) -> None:
        if now_ns > 0 and getattr(self, "is_open", False):
            raise InvariantViolation("sizes do not sum to zero")
        super().advance(now_ns)


def test_an_exchange_whose_books_do_not_balance_stops_the_server() -> None:
    async def run() -> bool:
        exchange, truth = BrokenExchange(now_ns=1), TruthLog()
        host = ExchangeHost(exchange, SimulatorConfig(), SystemClock(), truth)
        exchange.is_open = True  # type: ignore[attr-defined]
        host.advance()
        host.close()
        truth.close()
        return host.broken.is_set()

    assert asyncio.run(run())
