"""What conditions make of what was seen; that each fires and ends is in test_process."""

from decimal import Decimal

from hedge_strategy.alerts import conditions as cd
from hedge_strategy.alerts.judging import UNKNOWN, judge, windows_ms
from hedge_strategy.alerts.snapshot import Calls, HedgeSeen, History, MarketSeen, MoneySeen, SideSeen, Snapshot


def history(*moments: MarketSeen | None, every_ms: int = 1_000) -> History:
    """Moments of BTC; None: Redis did not answer."""
    found = History(3_600_000)
    for number, seen in enumerate(moments, start=1):
        problems = {} if seen is not None else {"redis": "no answer"}
        found.add(Snapshot(number * every_ms, {"BTC": seen} if seen is not None else {}, problems=problems))
    return found


def holds(condition: cd.AnyCondition, seen: History, *, is_firing: bool = False) -> bool | None:
    return judge(condition, "BTC", seen, is_firing=is_firing).holds


def test_without_redis_nothing_is_concluded_but_that() -> None:
    away = history(MarketSeen(), None)
    every = (cd.HedgerMissing(), cd.Paused(), cd.UnhedgedTooLong(), cd.SocketLost(), cd.LedgerRebuilt())
    assert {holds(one, away) for one in every} == {None}
    assert holds(cd.SourceLost(source=cd.Source.REDIS), away) is True
    assert holds(cd.RedisForgot(), away) is None
    assert judge(cd.DailyLoss(above=Decimal(1)), "", away, is_firing=True) == UNKNOWN


def test_calls_are_counted_within_the_window_and_within_one_run() -> None:
    def side(who: str, total: int, failed: int) -> MarketSeen:
        return MarketSeen(maker=SideSeen(who, "quoting", calls=Calls(total, failed)))

    rate = cd.ApiFailureRate(above=Decimal("0.5"), window_s=100, min_calls=10)
    assert holds(rate, history(side("a-1", 100, 0), side("a-1", 110, 6))) is True
    assert holds(rate, history(side("a-1", 100, 0), side("a-1", 109, 9))) is False, "too few to say"
    assert holds(rate, history(side("a-1", 0, 0), side("a-2", 1_000, 900), side("a-2", 1_010, 900))) is False
    assert holds(rate, history(MarketSeen(maker=SideSeen("a-1", "quoting")))) is None


def test_what_is_unhedged_without_a_break_counts_and_what_comes_and_goes_does_not() -> None:
    wanted = cd.UnhedgedTooLong(longer_than_s=3)
    bad, good = MarketSeen(unhedged_lots=-5), MarketSeen(unhedged_lots=0)
    assert holds(wanted, history(bad, bad, bad, bad, bad)) is True
    assert holds(wanted, history(bad, bad, good, bad, bad)) is False
    waits = MarketSeen(maker=SideSeen("a-1", "waiting", unhedged_since_ms=1_000), unhedged_lots=0)
    assert holds(wanted, history(good, good, good, good, waits)) is True
    assert holds(wanted, history(good, waits)) is False


def test_the_drawdown_counts_from_the_highest_in_the_window_and_what_stood_when_it_began() -> None:
    def money(*equity: tuple[int, str]) -> History:
        seen = MoneySeen(Decimal(0), tuple((at_ms, Decimal(value)) for at_ms, value in equity))
        return history(MarketSeen(money=seen), every_ms=100_000)

    wanted = cd.Drawdown(above=Decimal(10), window_s=50, of=cd.Scope.EACH)
    assert holds(wanted, money((60_000, "20"), (90_000, "9"))) is True
    assert holds(wanted, money((20_000, "20"), (30_000, "5"), (90_000, "9"))) is False, "the 20 is out of the window"
    assert holds(wanted, money((20_000, "20"), (90_000, "9"))) is True, "it stood at 20 when the window began"
    assert holds(wanted, money()) is False


def test_limits_are_left_later_than_they_were_reached() -> None:
    def today(result: str) -> History:
        return history(MarketSeen(money=MoneySeen(Decimal(result))))

    loss = cd.DailyLoss(above=Decimal(10), of=cd.Scope.EACH)
    assert [holds(loss, today("-9.5"), is_firing=firing) for firing in (False, True)] == [False, True]
    assert holds(loss, today("-9"), is_firing=True) is False

    def price(value: str) -> History:
        return history(MarketSeen(prices={"a": Decimal(value)}))

    out = cd.PriceBreakout(above=Decimal(100), below=Decimal(90), back_by=Decimal("0.01"))
    assert [holds(out, price("99.5"), is_firing=firing) for firing in (False, True)] == [False, True]
    assert [holds(out, price("90.5"), is_firing=firing) for firing in (False, True)] == [False, True]
    assert holds(out, price("0")) is None, "no price at all"


def test_without_a_journal_the_hedges_that_were_shown_are_counted_each_once() -> None:
    slow, fast = (MarketSeen(hedge=HedgeSeen(ms, latency_ms=Decimal(ms))) for ms in (900, 20))
    wanted = cd.LatencyAbove(above_ms=Decimal(500), percentile=50, min_hedges=2, window_s=60)
    assert holds(wanted, history(slow, slow, slow)) is False, "one hedge, shown three times"
    other = MarketSeen(hedge=HedgeSeen(950, latency_ms=Decimal(950)))
    assert holds(wanted, history(slow, other)) is True
    assert holds(wanted, history(slow, fast)) is False


def test_the_history_reaches_as_far_as_the_longest_window() -> None:
    assert windows_ms([]) == 60_000
    assert (
        windows_ms([cd.PriceMove(above=Decimal(1), window_s=900), cd.UnhedgedTooLong(longer_than_s=600)]) == 1_200_000
    )
