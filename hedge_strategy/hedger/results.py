"""Tells A what became of its fills: the machine's results as messages on B's channel."""

from decimal import Decimal

from hedge_strategy.coordination.messages import HedgeExecution, ResultStatus, result_message
from hedge_strategy.coordination.result_channel import ResultPublisher
from hedge_strategy.domain.market import Market
from hedge_strategy.hedger.events import PublishResult
from hedge_strategy.hedger.status import Told


class ResultTeller:
    """Publishes results for one market.

    Args:
        publisher: the channel.
        maker_market: A's market.
        hedge_market: B's market.
        account_index: B's account.

    Attributes:
        told: the results, told or not.
    """

    def __init__(
        self, publisher: ResultPublisher, maker_market: Market, hedge_market: Market, account_index: int
    ) -> None:
        self._publisher = publisher
        self._maker_market = maker_market
        self._hedge_market = hedge_market
        self._account_index = account_index
        self.told = Told()

    def tell(self, result: PublishResult, now_ms: int, hedger_id: str) -> None:
        """Publishes one result.

        Args:
            result: from the machine.
            now_ms: unix ms.
            hedger_id: this run of B.

        Raises:
            RedisUnavailable: no answer; A reads the ledger instead.
        """
        settlement = result.settlement
        self.told = self.told.after(result, now_ms)
        execution = HedgeExecution(
            account_index=self._account_index,
            market=self._hedge_market,
            order_index=settlement.venue_order_index if settlement else 0,
            client_order_index=settlement.claim.client_order_index if settlement else 0,
            side=result.hedge_side,
            size=self._maker_market.size_of(settlement.executed_lots if settlement else 0),
            quote=settlement.executed_quote if settlement else Decimal(0),
            known_at_ms=now_ms,
        )
        message = result_message(
            execution,
            result.line,
            self._maker_market,
            status=_status(result),
            reason=result.problem or (settlement.reason if settlement else ""),
            hedger_id=hedger_id,
        )
        self._publisher.publish(self._maker_market.symbol, message)


def _status(result: PublishResult) -> ResultStatus:
    if result.problem is not None:
        return ResultStatus.PAUSED
    if result.line.unhedged_lots <= 0:
        return ResultStatus.HEDGED
    if result.settlement is not None and result.settlement.executed_lots:
        return ResultStatus.PARTIAL
    return ResultStatus.FAILED
