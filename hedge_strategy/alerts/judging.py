"""Whether a condition holds, by what was seen: a function of the moments so far and of nothing else. Pure.

The answer is yes, no, or that it cannot be known now, which changes nothing. What already fires goes on firing until it
is clearly over (`RELEASE`), so that a figure that dances around its limit is said once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hedge_strategy.alerts import conditions as cd
from hedge_strategy.alerts.snapshot import Calls, HedgeSeen, History, MarketSeen, MoneySeen, SideSeen

RELEASE = Decimal("0.9")
"""A figure that fired is over once it is at or under so much of its limit."""
WORDS_MAX = 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes of a condition: whether it holds, None where that cannot be known; and what is seen, in words."""

    holds: bool | None
    words: str = ""


UNKNOWN = Verdict(None)


def judge(condition: cd.AnyCondition, market: str, history: History, *, is_firing: bool) -> Verdict:
    """Judges one condition in one market.

    Args:
        condition: what is looked for.
        market: the symbol; empty for a condition of no market.
        history: the moments so far, one at least.
        is_firing: whether it held when it was judged last, and is not over.
    """
    found = _JUDGES[type(condition)](condition, market, history, is_firing)
    return Verdict(found.holds, " ".join(found.words.split())[:WORDS_MAX])


def _over(value: Decimal, limit: Decimal, is_firing: bool) -> bool:
    return value > (limit * RELEASE if is_firing else limit)


def _seen(market: str, history: History) -> MarketSeen | None:
    return history.newest.markets.get(market)


def _sides(seen: MarketSeen, of: cd.Party) -> list[tuple[str, SideSeen]]:
    both = (("A", seen.maker, cd.Party.A), ("B", seen.hedger, cd.Party.B))
    return [(name, side) for name, side, party in both if side is not None and of in (party, cd.Party.ANY)]


def _socket_lost(condition: cd.SocketLost, market: str, history: History, _: bool) -> Verdict:
    seen = _seen(market, history)
    if seen is None or not (told := [one for one in _sides(seen, condition.of) if one[1].is_connected is not None]):
        return UNKNOWN
    down = [name for name, side in told if not side.is_connected]
    if not down:
        return Verdict(False, "connected to the venue")
    return Verdict(True, f"the connection of {' and '.join(down)} to the venue is down")


def _api_failure_rate(condition: cd.ApiFailureRate, market: str, history: History, is_firing: bool) -> Verdict:
    total = failed = 0
    is_told = False
    for name in ("maker", "hedger"):
        told = [side for one in history.back(condition.window_s * 1000) if (side := _calls_of(one, market, name))]
        is_told = is_told or bool(told)
        since = _same_run(told)
        if since is not None:
            total += since.total
            failed += since.failed
    if not is_told:
        return UNKNOWN
    if total < condition.min_calls:
        return Verdict(False, f"{failed} of {total} calls to the venue failed")
    rate = Decimal(failed) / total
    words = f"{failed} of {total} calls to the venue failed in {condition.window_s} s ({rate:.1%})"
    return Verdict(_over(rate, condition.above, is_firing), words)


def _calls_of(snapshot: Any, market: str, name: str) -> tuple[str, Calls] | None:
    seen = snapshot.markets.get(market)
    side = getattr(seen, name) if seen is not None else None
    return (side.who, side.calls) if side is not None and side.calls is not None else None


def _same_run(newest_first: list[tuple[str, Calls]]) -> Calls | None:
    """What was counted since the oldest moment of the run that is alive."""
    if not newest_first:
        return None
    who, newest = newest_first[0]
    oldest = next((calls for name, calls in reversed(newest_first) if name == who), newest)
    return Calls(newest.total - oldest.total, newest.failed - oldest.failed)


def _failures_in_row(condition: cd.FailuresInRow, market: str, history: History, _: bool) -> Verdict:
    seen = _seen(market, history)
    if seen is None or seen.hedger is None or seen.hedger.failures_in_row is None:
        return UNKNOWN
    count = seen.hedger.failures_in_row
    return Verdict(count >= condition.at_least, f"{count} hedges in a row executed nothing")


def _unhedged_too_long(condition: cd.UnhedgedTooLong, market: str, history: History, _: bool) -> Verdict:
    seen = _seen(market, history)
    if seen is None:
        return UNKNOWN
    now_ms, window_ms = history.newest.at_ms, condition.longer_than_s * 1000
    moments = list(history.back(2 * window_ms))
    found = [(one.at_ms, one.markets[market]) for one in moments if market in one.markets]
    lots_since = _since(found, lambda one: bool(one.unhedged_lots))
    waits_since = seen.maker.unhedged_since_ms if seen.maker is not None else None
    longest_ms = now_ms - min([since for since in (lots_since, waits_since) if since is not None], default=now_ms)
    if not seen.unhedged_lots and waits_since is None:
        return Verdict(False, "all is hedged")
    words = f"unhedged for {longest_ms // 1000} s or more"
    if seen.unhedged_lots:
        words += f": {seen.unhedged_lots} lots by the ledger"
    return Verdict(longest_ms > window_ms, words)


def _since(newest_first: list[tuple[int, MarketSeen]], is_so: Callable[[MarketSeen], bool]) -> int | None:
    """Since when it has been so without a break; None where it is not so now."""
    since = None
    for at_ms, one in newest_first:
        if not is_so(one):
            break
        since = at_ms
    return since


def _money(condition: Any, market: str, history: History) -> MoneySeen | None:
    if not market:
        return history.newest.money
    seen = _seen(market, history)
    return seen.money if seen is not None else None


def _single_loss(condition: cd.SingleLoss, market: str, history: History, _: bool) -> Verdict:
    money = _money(condition, market, history)
    if money is None:
        return UNKNOWN
    since_ms = history.newest.at_ms - condition.window_s * 1000
    lost = max((one.cost for one in money.hedges if one.at_ms >= since_ms), default=Decimal(0))
    words = f"the dearest hedge of the last {condition.window_s} s cost {lost:.4f}, the limit is {condition.above:f}"
    return Verdict(lost > condition.above, words)


def _daily_loss(condition: cd.DailyLoss, market: str, history: History, is_firing: bool) -> Verdict:
    money = _money(condition, market, history)
    if money is None:
        return UNKNOWN
    words = f"the day's result is {money.result_today:.4f}, the limit a loss of {condition.above:f}"
    return Verdict(_over(-money.result_today, condition.above, is_firing), words)


def _drawdown(condition: cd.Drawdown, market: str, history: History, is_firing: bool) -> Verdict:
    money = _money(condition, market, history)
    if money is None:
        return UNKNOWN
    if not money.equity:
        return Verdict(False, "nothing was traded")
    since_ms = history.newest.at_ms - condition.window_s * 1000
    before = [result for at_ms, result in money.equity if at_ms < since_ms][-1:]
    now = money.equity[-1][1]
    peak = max([*before, *(result for at_ms, result in money.equity if at_ms >= since_ms)])
    words = f"the result is {peak - now:.4f} under its highest, the limit is {condition.above:f}"
    return Verdict(_over(peak - now, condition.above, is_firing), words)


def _price_move(condition: cd.PriceMove, market: str, history: History, is_firing: bool) -> Verdict:
    now = _price(history.newest.markets.get(market), condition.source)
    if now is None:
        return UNKNOWN
    moments = history.back(condition.window_s * 1000)
    prices = [price for one in moments if (price := _price(one.markets.get(market), condition.source))]
    farthest = max(prices, key=lambda price: abs(now / price - 1))
    moved = now / farthest - 1
    words = f"the price went from {farthest:f} to {now:f} ({moved:+.2%}) within {condition.window_s} s"
    return Verdict(_over(abs(moved), condition.above, is_firing), words)


def _price_breakout(condition: cd.PriceBreakout, market: str, history: History, is_firing: bool) -> Verdict:
    now = _price(history.newest.markets.get(market), condition.source)
    if now is None:
        return UNKNOWN
    back = condition.back_by if is_firing else Decimal(0)
    if condition.above is not None and now > condition.above * (1 - back):
        return Verdict(True, f"the price is {now:f}, the limit above {condition.above:f}")
    if condition.below is not None and now < condition.below * (1 + back):
        return Verdict(True, f"the price is {now:f}, the limit below {condition.below:f}")
    return Verdict(False, f"the price is {now:f}")


def _price_spread(condition: cd.PriceSpread, market: str, history: History, is_firing: bool) -> Verdict:
    seen = history.newest.markets.get(market)
    one, other = (_price(seen, name) for name in condition.between)
    if one is None or other is None:
        return UNKNOWN
    spread = max(one, other) / min(one, other) - 1
    names = f"{one:f} ({condition.between[0]}) and {other:f} ({condition.between[1]})"
    return Verdict(_over(spread, condition.above, is_firing), f"prices are {spread:.2%} apart: {names}")


def _price(seen: MarketSeen | None, source: str) -> Decimal | None:
    price = seen.prices.get(source) if seen is not None else None
    return price if price is not None and price > 0 else None


def _hedger_missing(condition: cd.HedgerMissing, market: str, history: History, _: bool) -> Verdict:
    seen = _seen(market, history)
    if seen is None:
        return UNKNOWN
    if seen.hedger is not None:
        return Verdict(False, "a hedger owns the market")
    return Verdict(True, "no hedger that is alive owns the market")


def _maker_missing(condition: cd.MakerMissing, market: str, history: History, _: bool) -> Verdict:
    seen = _seen(market, history)
    if seen is None:
        return UNKNOWN
    return Verdict(False, "a maker speaks") if seen.maker is not None else Verdict(True, "no maker speaks")


def _ledger_rebuilt(condition: cd.LedgerRebuilt, market: str, history: History, _: bool) -> Verdict:
    seen = _seen(market, history)
    if seen is None:
        return UNKNOWN
    return _of_late(seen.rebuilt_at_ms, condition.window_s, history, "the ledger was counted anew from the venues")


def _redis_forgot(condition: cd.RedisForgot, market: str, history: History, _: bool) -> Verdict:
    newest = history.newest
    if cd.Source.REDIS in newest.problems:
        return UNKNOWN
    return _of_late(newest.forgot_at_ms, condition.window_s, history, "Redis had lost its data")


def _of_late(at_ms: int | None, window_s: int, history: History, words: str) -> Verdict:
    now_ms = history.newest.at_ms
    if at_ms is None or now_ms - at_ms > window_s * 1000:
        return Verdict(False, f"{words}, but not of late")
    return Verdict(True, f"{words}, {max(0, now_ms - at_ms) // 1000} s ago")


def _latency_above(condition: cd.LatencyAbove, market: str, history: History, is_firing: bool) -> Verdict:
    seen = _seen(market, history)
    if seen is None:
        return UNKNOWN
    since_ms = history.newest.at_ms - condition.window_s * 1000
    hedges = _told_hedges(condition.window_s, market, history) if seen.money is None else seen.money.hedges
    took = sorted(one.latency_ms for one in hedges if one.at_ms >= since_ms and one.latency_ms is not None)
    if len(took) < condition.min_hedges:
        return Verdict(False, f"{len(took)} hedges in {condition.window_s} s, too few to say")
    reached = took[-(-len(took) * condition.percentile // 100) - 1]
    words = f"p{condition.percentile} of {len(took)} hedges is {reached:f} ms, the limit {condition.above_ms:f} ms"
    return Verdict(_over(reached, condition.above_ms, is_firing), words)


def _told_hedges(window_s: int, market: str, history: History) -> set[HedgeSeen]:
    """Without a journal: those that A and B showed when they were looked at, once a second; others were missed."""
    told = (one.markets[market].hedge for one in history.back(window_s * 1000) if market in one.markets)
    return {hedge for hedge in told if hedge is not None}


def _paused(condition: cd.Paused, market: str, history: History, _: bool) -> Verdict:
    seen = _seen(market, history)
    if seen is None or not (sides := _sides(seen, condition.of)):
        return UNKNOWN
    paused = [(name, side.reason) for name, side in sides if side.state == "paused"]
    words = "; ".join(f"{name} is paused: {reason}" for name, reason in paused)
    return Verdict(bool(paused), words or "not paused")


def _source_lost(condition: cd.SourceLost, market: str, history: History, _: bool) -> Verdict:
    problem = history.newest.problems.get(condition.source)
    words = f"{condition.source} cannot be read: {problem}" if problem is not None else "it can be read"
    return Verdict(problem is not None, words)


_JUDGES: dict[type[cd.Condition], Callable[[Any, str, History, bool], Verdict]] = {
    cd.SocketLost: _socket_lost,
    cd.ApiFailureRate: _api_failure_rate,
    cd.SingleLoss: _single_loss,
    cd.FailuresInRow: _failures_in_row,
    cd.UnhedgedTooLong: _unhedged_too_long,
    cd.DailyLoss: _daily_loss,
    cd.Drawdown: _drawdown,
    cd.PriceMove: _price_move,
    cd.PriceBreakout: _price_breakout,
    cd.PriceSpread: _price_spread,
    cd.HedgerMissing: _hedger_missing,
    cd.MakerMissing: _maker_missing,
    cd.LedgerRebuilt: _ledger_rebuilt,
    cd.LatencyAbove: _latency_above,
    cd.Paused: _paused,
    cd.SourceLost: _source_lost,
    cd.RedisForgot: _redis_forgot,
}


def windows_ms(conditions: Iterable[cd.AnyCondition]) -> int:
    """How far back the history has to reach."""
    longest_s = 60
    for one in conditions:
        if isinstance(one, cd.UnhedgedTooLong):
            longest_s = max(longest_s, 2 * one.longer_than_s)
        elif isinstance(one, cd.ApiFailureRate | cd.PriceMove | cd.LatencyAbove):
            longest_s = max(longest_s, one.window_s)
    return longest_s * 1000
