"""Which markets a hedger takes, and which one it gives back, where several hedgers share them. Pure.

Everybody computes the same plan from the same view, but for whom it gave a market to in vain: each market without an
owner goes to whoever has fewest, and where two hedgers are more than one market apart, the one with most gives one to
the one with fewest. What is planned is only tried: the lease decides who has it, and whoever loses goes on. So plans
that differ for a moment do no harm.

- What has no owner is taken at once, by the one hedger that it is planned for; by the next one where that one has not
  taken it within a patience, and so on.
- A hedger that has just joined looks on for a moment first, so that those that start together share from the start.
- One that is not fit, having no way to the venue or no luck with what it takes, gets nothing while another has room.
  What is stranded there is given to others: one market first, and all once that one was taken and kept.
- One that did not take, or keep, what it was given is given nothing more for a while (`trust`).
- Markets move only where that makes the spread more even, one at a time from each hedger, and only once the same
  hedgers have been there for a while and no market is without an owner: who comes and goes at once moves nothing.

Known limit: where hedgers may not all take the same markets, the spread is as even as single moves can make it, which
may be less even than could be.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hedge_strategy.hedger.trust import Trust

LEAST_APART = 2
"""One market more than another hedger is no unevenness: moving it would only turn it round."""


@dataclass(frozen=True, slots=True)
class Sharer:
    """A live hedger.

    Attributes:
        who: its name.
        markets: those that it can take.
        most: how many it takes; None: all.
        stays: False where it is about to end.
        giving: of its markets, those that it is giving back.
        is_fit: False where it cannot hedge now.
    """

    who: str
    markets: frozenset[str]
    most: int | None = None
    stays: bool = True
    giving: frozenset[str] = frozenset()
    is_fit: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """How things stand, as one hedger sees them.

    Attributes:
        hedgers: all that live, this one among them.
        owners: by market: which hedger owns it; markets without an owner are not in it. An owner that is none of the
            hedgers is no concern of theirs.
        running: markets that this hedger runs, whether their lease is its own at this moment or not.
        movable: of these, those that may be given back now.
        barred: markets that this hedger must not take now.
        stranded: of those that it runs, those that it can do nothing for.
    """

    hedgers: tuple[Sharer, ...]
    owners: Mapping[str, str]
    running: frozenset[str] = frozenset()
    movable: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()
    stranded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now.

    Attributes:
        take: markets to take.
        give_back: the market to give back.
        homeless: markets that nobody has room for.
        abandon: stranded markets that another can take: to be given back as they are.
    """

    take: tuple[str, ...] = ()
    give_back: str | None = None
    homeless: tuple[str, ...] = ()
    abandon: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """How long what is waited for, ms.

    Attributes:
        settle_ms: after joining, before anything is taken.
        patience_ms: a market may be without an owner before the next hedger in line tries; once more for each in line.
        steady_ms: the same hedgers must have been there before anything is given back.
    """

    settle_ms: int
    patience_ms: int
    steady_ms: int


class Sharing:
    """One hedger's part in it.

    Args:
        me: its name.
        pace: how patient it is.
    """

    def __init__(self, me: str, pace: Pace) -> None:
        self._me = me
        self._pace = pace
        self._settled_at_ms: int | None = None
        self._free_since_ms: dict[str, int] = {}
        self._names: frozenset[str] = frozenset()
        self._steady_since_ms = 0
        self._trust = Trust(pace.patience_ms, pace.steady_ms)

    def look_on(self, now_ms: int) -> None:
        """Takes nothing for a while: what was seen until now may be wrong, and owners come back for their own first."""
        self._settled_at_ms = now_ms + self._pace.settle_ms

    def step(self, view: View, now_ms: int) -> Plan:
        """Decides.

        Args:
            view: how things stand.
            now_ms: of a clock that never goes back.
        """
        if self._settled_at_ms is None:
            self.look_on(now_ms)
        names = frozenset(one.who for one in view.hedgers if one.stays)
        if names != self._names:
            self._names, self._steady_since_ms = names, now_ms
        self._trust.look(view.owners, view.running, now_ms)
        trusted = frozenset(name for name in names if self._trust.may_give_to(name, now_ms))
        spread = _Spread(view, self._me, trusted)
        free = spread.free
        self._free_since_ms = {market: self._free_since_ms.get(market, now_ms) for market in free}
        if self._me not in names:
            return Plan()
        placed = {market: spread.place(market) for market in spread.by_choice(free | spread.soon)}
        homeless = tuple(sorted(market for market in free if not placed[market]))
        is_settled = self._settled_at_ms is None or now_ms >= self._settled_at_ms
        take = tuple(market for market in sorted(free) if is_settled and self._is_due(market, placed[market], now_ms))
        take = spread.within_room(tuple(market for market in take if market not in view.barred))
        is_steady = now_ms - self._steady_since_ms >= self._pace.steady_ms
        abandon = self._to_abandon(spread, now_ms)
        must_wait = free or abandon or not is_steady or not view.movable or spread.is_giving
        move = None if must_wait else spread.to_give_back()
        if move is not None:
            self._trust.gave(*move)
        return Plan(take, None if move is None else move[0], homeless, abandon)

    def _to_abandon(self, spread: "_Spread", now_ms: int) -> tuple[str, ...]:
        """One stranded market, to see whether another fares better; all, where one has just shown that it does."""
        found: list[str] = []
        is_free = not self._trust.is_waiting
        for market, taker in spread.rescuers():
            if self._trust.is_proved(taker, now_ms) or (is_free and not found):
                self._trust.gave(market, taker)
                found.append(market)
        return tuple(found)

    def _is_due(self, market: str, line: tuple[str, ...], now_ms: int) -> bool:
        """Whether it is this hedger's turn: at once for the first in line, later for those behind it."""
        if self._me not in line:
            return False
        waits_ms = line.index(self._me) * self._pace.patience_ms
        return now_ms - self._free_since_ms[market] >= waits_ms


class _Spread:
    """Who has what, and would have what if all went by plan."""

    def __init__(self, view: View, me: str, trusted: frozenset[str]) -> None:
        self._view = view
        self._me = me
        self._trusted = trusted
        self._hedgers = {one.who: one for one in sorted(view.hedgers, key=lambda one: one.who) if one.stays}
        giving = {market for one in view.hedgers for market in one.giving}
        leaving = {one.who for one in view.hedgers if not one.stays}
        known = frozenset(market for one in self._hedgers.values() for market in one.markets)
        owners = {**view.owners, **{market: me for market in view.running if market not in view.owners}}
        self.is_giving = any(one.who == me and one.giving for one in view.hedgers)
        self.free = known - owners.keys()
        self.soon = frozenset(
            market for market in known & owners.keys() if market in giving or owners[market] in leaving
        )
        self._own: dict[str, set[str]] = {who: set() for who in self._hedgers}
        for market, who in owners.items():
            if who in self._own and market not in self.soon:
                self._own[who].add(market)
        self._count = {who: len(own) for who, own in self._own.items()}

    def by_choice(self, markets: Iterable[str]) -> list[str]:
        """Those first that fewest can take."""
        return sorted(markets, key=lambda market: (len(self._takers(market)), market))

    def place(self, market: str) -> tuple[str, ...]:
        """Plans a market for the hedger with fewest.

        Returns:
            Who may take it, in this order; empty where nobody has room.
        """
        line = tuple(sorted(self._takers(market), key=lambda who: (who not in self._trusted, self._count[who], who)))
        if line:
            self._count[line[0]] += 1
        return line

    def within_room(self, markets: tuple[str, ...]) -> tuple[str, ...]:
        """As many of them as this hedger may still take."""
        most = self._hedgers[self._me].most
        return markets if most is None else markets[: max(0, most - len(self._own[self._me]))]

    def rescuers(self) -> Iterable[tuple[str, str]]:
        """Plans each stranded market for another hedger that is fit and has room; those that have none are left out."""
        others = self._trusted - {self._me}
        for market in sorted(self._view.stranded & self._own[self._me]):
            fit = [who for who in self._takers(market) if self._hedgers[who].is_fit and who in others]
            if fit:
                taker = min(fit, key=lambda who: (self._count[who], who))
                self._count[taker] += 1
                self._count[self._me] -= 1
                yield market, taker

    def to_give_back(self) -> tuple[str, str] | None:
        """Moves markets until the spread is even; returns the first that leaves this hedger, and to whom."""
        for _ in range(sum(self._count.values())):
            move = max(self._moves(), default=None)
            if move is None:
                return None
            _, source, market, target = move
            if source == self._me:
                return market, target
            self._own[source].remove(market)
            self._own[target].add(market)
            self._count[source] -= 1
            self._count[target] += 1
        return None

    def _takers(self, market: str) -> list[str]:
        found = [one.who for one in self._hedgers.values() if market in one.markets and self._has_room(one)]
        return [who for who in found if self._hedgers[who].is_fit] or found

    def _has_room(self, hedger: Sharer) -> bool:
        return hedger.most is None or self._count[hedger.who] < hedger.most

    def _moves(self) -> Iterable[tuple[int, str, str, str]]:
        """How far apart, from whom, which market, to whom: for each two that are too far apart."""
        for target in self._hedgers.values():
            if not target.is_fit or target.who not in self._trusted or not self._has_room(target):
                continue
            for source, own in self._own.items():
                apart = self._count[source] - self._count[target.who]
                if apart < LEAST_APART:
                    continue
                movable = own & self._view.movable if source == self._me else own
                if wanted := movable & target.markets:
                    yield apart, source, max(wanted), target.who
