"""Hedgers that share markets: the spread becomes even and stays so, nobody is planned beside another, nothing flaps."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from hedge_strategy.hedger.sharing import Pace, Plan, Sharer, Sharing, View

PACE = Pace(settle_ms=1_000, patience_ms=4_000, steady_ms=2_000)
ROUND_MS = 1_000
MARKETS = tuple(f"M{number:02}" for number in range(12))


@dataclass
class Fleet:
    """Hedgers, the leases that they see, and rounds in which all look at once and act one after the other."""

    markets: frozenset[str]
    hedgers: dict[str, Sharer] = field(default_factory=dict)
    sharing: dict[str, Sharing] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    now_ms: int = 0
    moved: int = 0
    planned_twice: list[str] = field(default_factory=list)

    def join(self, who: str, most: int | None = None, markets: frozenset[str] | None = None) -> None:
        self.hedgers[who] = Sharer(who, self.markets if markets is None else markets, most)
        self.sharing[who] = Sharing(who, PACE)

    def die(self, who: str) -> None:
        """Its lease life has passed with it."""
        del self.hedgers[who], self.sharing[who]
        self.owners = {market: owner for market, owner in self.owners.items() if owner != who}

    def own(self, who: str) -> frozenset[str]:
        return frozenset(market for market, owner in self.owners.items() if owner == who)

    def counts(self) -> list[int]:
        return sorted(len(self.own(who)) for who in self.hedgers)

    def plan(self, who: str) -> Plan:
        own = self.own(who)
        view = View(tuple(self.hedgers.values()), dict(self.owners), own, own)
        return self.sharing[who].step(view, self.now_ms)

    def round(self, order: list[str] | None = None) -> None:
        """All look; then each does what it planned. What one gives back is free in the next round."""
        self.now_ms += ROUND_MS
        plans = {who: self.plan(who) for who in self.hedgers}
        taken = [market for plan in plans.values() for market in plan.take]
        self.planned_twice += [market for market in set(taken) if taken.count(market) > 1]
        for who in order or sorted(plans):
            for market in plans[who].take:
                self.owners.setdefault(market, who)
        for who, plan in plans.items():
            if plan.give_back is not None:
                assert self.owners.pop(plan.give_back) == who
                self.moved += 1

    def rounds(self, number: int) -> None:
        for _ in range(number):
            self.round()


def fleet(hedgers: int, markets: int = 12) -> Fleet:
    found = Fleet(frozenset(f"M{number:03}" for number in range(markets)))
    for number in range(hedgers):
        found.join(f"h{number}")
    return found


def is_even(counts: list[int]) -> bool:
    return counts[-1] - counts[0] <= 1


def test_hedgers_that_start_together_share_from_the_start() -> None:
    three = fleet(3)
    three.rounds(2)
    assert three.counts() == [4, 4, 4]
    assert three.moved == 0


def test_who_has_just_joined_takes_nothing_before_it_has_seen_who_else_is_there() -> None:
    one = fleet(1)
    one.round()
    assert one.owners == {}
    one.round()
    assert one.counts() == [12]


def test_what_a_dead_hedger_had_is_taken_at_once_and_evenly() -> None:
    three = fleet(3)
    three.rounds(4)
    three.die("h1")
    three.round()
    assert three.counts() == [6, 6]
    assert three.moved == 0


def test_a_hedger_that_joins_gets_its_share_one_at_a_time_from_each() -> None:
    two = fleet(2)
    two.rounds(4)
    two.join("h9")
    seen = []
    for _ in range(12):
        two.round()
        seen.append(two.counts())
    assert seen[-1] == [4, 4, 4]
    assert two.moved == 4
    assert all(len(two.markets) - sum(counts) <= 2 for counts in seen), "at most one of each is under way"


def test_nothing_is_given_back_before_the_newcomer_has_stayed_for_a_while() -> None:
    two = fleet(2)
    two.rounds(6)
    for number in range(5):
        two.join(f"crashing-{number}")
        two.round()
        two.die(f"crashing-{number}")
    assert two.moved == 0
    assert two.counts() == [6, 6]


def test_nothing_is_given_back_while_a_market_has_no_owner() -> None:
    hedgers = (Sharer("h0", frozenset("ABCDE")), Sharer("h1", frozenset("ABCD")))
    own = frozenset("ABC")
    sharing = Sharing("h0", PACE)
    without, whole = dict.fromkeys("ABC", "h0"), {**dict.fromkeys("ABC", "h0"), "D": "another", "E": "another"}
    sharing.step(View(hedgers, without, own, own, frozenset("DE")), 0)
    assert sharing.step(View(hedgers, without, own, own, frozenset("DE")), 60_000).give_back is None
    assert sharing.step(View(hedgers, whole, own, own), 60_001).give_back == "C"


def test_where_the_first_in_line_does_not_take_it_the_next_one_does() -> None:
    two = fleet(2, markets=1)
    view = View(tuple(two.hedgers.values()), {})
    first, second = two.sharing["h0"], two.sharing["h1"]
    for sharing in (first, second):
        sharing.step(view, 0)
    assert first.step(view, 1_000).take == ("M000",)
    assert second.step(view, 3_999).take == ()
    assert second.step(view, 4_000).take == ("M000",)


def test_a_hedger_takes_no_more_than_it_may_and_what_nobody_has_room_for_is_said() -> None:
    two = Fleet(frozenset(MARKETS))
    two.join("small", most=2)
    two.join("big", most=7)
    two.rounds(3)
    assert {who: len(two.own(who)) for who in two.hedgers} == {"small": 2, "big": 7}
    assert len(two.plan("big").homeless) == 3
    two.rounds(20)
    assert two.moved == 0


def test_what_is_being_given_back_is_planned_for_but_not_taken_yet() -> None:
    giving = Sharer("h0", frozenset({"A", "B"}), giving=frozenset({"B"}))
    other = Sharer("h1", frozenset({"A", "B"}))
    sharing = Sharing("h1", PACE)
    view = View((giving, other), {"A": "h0", "B": "h0"})
    sharing.step(view, 0)
    assert sharing.step(view, 60_000) == Plan()
    assert sharing.step(View((giving, other), {"A": "h0"}), 60_001).take == ("B",)


def test_nothing_more_is_given_back_while_something_is() -> None:
    markets = frozenset("ABCDEF")
    giving = Sharer("h0", markets, giving=frozenset({"F"}))
    sharing = Sharing("h0", PACE)
    for one, expected in ((giving, None), (Sharer("h0", markets), "F")):
        view = View((one, Sharer("h1", markets)), dict.fromkeys(markets, "h0"), markets, markets)
        sharing.step(view, 0)
        assert sharing.step(view, 60_000).give_back == expected


def test_only_what_may_be_moved_is_given_back() -> None:
    hedgers = (Sharer("h0", frozenset("ABCD")), Sharer("h1", frozenset("ABCD")))
    owners = dict.fromkeys("ABCD", "h0")
    sharing = Sharing("h0", PACE)
    for movable, expected in (("", None), ("B", "B"), ("ABCD", "D")):
        view = View(hedgers, owners, frozenset("ABCD"), frozenset(movable))
        sharing.step(view, 0)
        assert sharing.step(view, 10_000).give_back == expected


def test_what_somebody_else_owns_and_what_is_barred_is_left_alone() -> None:
    sharing = Sharing("h0", PACE)
    view = View((Sharer("h0", frozenset("ABC")),), {"A": "one that is told its market"}, barred=frozenset("B"))
    sharing.step(view, 0)
    assert sharing.step(view, 90_000).take == ("C",)


def test_who_is_about_to_end_takes_nothing_and_what_it_has_is_planned_for_the_others() -> None:
    leaving = Sharer("h0", frozenset("AB"), stays=False)
    staying = Sharer("h1", frozenset("AB"))
    sharing = Sharing("h0", PACE)
    sharing.step(View((leaving, staying), {}), 0)
    assert sharing.step(View((leaving, staying), {}), 90_000) == Plan()
    other = Sharing("h1", PACE)
    other.step(View((leaving, staying), {"A": "h0", "B": "h0"}), 0)
    assert other.step(View((leaving, staying), {"A": "h0", "B": "h0"}), 10_000) == Plan(), "not free yet"
    assert other.step(View((leaving, staying), {"B": "h0"}), 10_001).take == ("A",)


def test_after_a_silence_of_redis_owners_come_back_for_their_own_first() -> None:
    one = fleet(1)
    one.rounds(3)
    one.owners.clear()
    one.sharing["h0"].look_on(one.now_ms + ROUND_MS)
    one.round()
    assert one.owners == {}
    one.rounds(2)
    assert one.counts() == [12]


@st.composite
def states(draw: st.DrawFn) -> Fleet:
    """Hedgers and markets, owned by anybody or nobody."""
    found = fleet(draw(st.integers(1, 6)), draw(st.integers(1, 30)))
    names = [None, *found.hedgers]
    for market in sorted(found.markets):
        owner = draw(st.sampled_from(names))
        if owner is not None:
            found.owners[market] = owner
    return found


@settings(max_examples=200, deadline=None)
@given(states(), st.data())
def test_from_any_state_the_spread_becomes_even_and_nothing_moves_any_more(state: Fleet, data: st.DataObject) -> None:
    for _ in range(4 + 2 * len(state.markets)):  # it takes a round to give back and one to take
        state.round(data.draw(st.permutations(sorted(state.hedgers))))
    assert state.planned_twice == []
    assert state.owners.keys() == state.markets
    assert is_even(state.counts()), state.counts()
    moved = state.moved
    state.rounds(10)
    assert state.moved == moved
    assert state.owners.keys() == state.markets


@settings(max_examples=100, deadline=None)
@given(states(), st.data())
def test_whoever_comes_and_goes_every_market_finds_an_owner_again(state: Fleet, data: st.DataObject) -> None:
    for number in range(data.draw(st.integers(1, 8))):
        if len(state.hedgers) > 1 and data.draw(st.booleans()):
            state.die(data.draw(st.sampled_from(sorted(state.hedgers))))
        else:
            state.join(f"new-{number}")
        state.rounds(data.draw(st.integers(0, 4)))
    state.rounds(4 + 2 * len(state.markets))
    assert is_even(state.counts()), state.counts()
    assert state.owners.keys() == state.markets  # two may have tried for one, where they trust different hedgers


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_with_any_wishes_and_bounds_moving_comes_to_an_end(data: st.DataObject) -> None:
    mixed = Fleet(frozenset(MARKETS))
    for number in range(data.draw(st.integers(1, 5))):
        wishes = frozenset(data.draw(st.sets(st.sampled_from(MARKETS))))
        mixed.join(f"h{number}", data.draw(st.none() | st.integers(0, 6)), wishes)
    mixed.rounds(60)
    moved = mixed.moved
    mixed.rounds(30)
    assert mixed.moved == moved
    for who, one in mixed.hedgers.items():
        assert mixed.own(who) <= one.markets
        assert one.most is None or len(mixed.own(who)) <= one.most
    for market in mixed.markets - mixed.owners.keys():
        able = [one for one in mixed.hedgers.values() if market in one.markets]
        assert all(one.most is not None and len(mixed.own(one.who)) >= one.most for one in able), market


def sharer(who: str, *, is_fit: bool = True, most: int | None = None) -> Sharer:
    return Sharer(who, frozenset(MARKETS), most, is_fit=is_fit)


def stranded_view(owners: dict[str, str], *others: Sharer) -> View:
    own = frozenset(market for market, who in owners.items() if who == "b-1")
    return View((sharer("b-1", is_fit=False), *others), owners, own, frozenset(), frozenset(), own)


def test_of_stranded_markets_one_is_given_to_another_at_first_and_all_once_that_one_was_kept() -> None:
    sharing = Sharing("b-1", PACE)
    owners = dict.fromkeys(MARKETS[:4], "b-1")
    assert sharing.step(stranded_view(owners, sharer("b-2")), 0).abandon == ("M00",)
    assert sharing.step(stranded_view(owners, sharer("b-2")), 1_000).abandon == ()
    owners["M00"] = "b-2"
    assert sharing.step(stranded_view(owners, sharer("b-2")), 2_000).abandon == (), "it may not keep it"
    assert sharing.step(stranded_view(owners, sharer("b-2")), 4_000).abandon == ("M01", "M02", "M03")


def test_stranded_markets_stay_where_no_other_can_take_them_and_fare_better() -> None:
    owners = {**dict.fromkeys(MARKETS[:4], "b-1"), "M04": "b-2"}
    for other in (sharer("b-2", is_fit=False), sharer("b-2", most=1), Sharer("b-2", frozenset({"M04"}))):
        assert Sharing("b-1", PACE).step(stranded_view(owners, other), 0).abandon == ()


def test_one_that_is_not_fit_is_given_nothing_while_another_has_room() -> None:
    sharing, ill = Sharing("b-1", PACE), sharer("b-2", is_fit=False)
    owners = dict.fromkeys(MARKETS, "b-1")
    view = View((sharer("b-1"), ill), owners, frozenset(MARKETS), frozenset(MARKETS))
    for now_ms in range(0, 20_000, 1_000):
        assert sharing.step(view, now_ms).give_back is None
    free = View((sharer("b-1"), ill), {})
    assert sharing.step(free, 20_000).take == MARKETS, "all, though the other has none"
    ours = Sharing("b-2", PACE)
    ours.step(View((sharer("b-1", is_fit=False), ill), {}), 0)
    assert len(ours.step(View((sharer("b-1", is_fit=False), ill), {}), 1_000).take) == 6, "where none is fit, all try"


def test_one_that_does_not_take_what_it_is_given_is_given_nothing_for_a_while() -> None:
    sharing, own = Sharing("b-1", PACE), frozenset(MARKETS)
    hedgers = (sharer("b-1"), sharer("b-2"))
    owners = dict.fromkeys(own, "b-1")
    view = View(hedgers, owners, own, own)
    plans = [sharing.step(view, now_ms) for now_ms in (0, 1_000, 2_000)]
    given = plans[-1].give_back
    assert given is not None
    without = View(hedgers, {market: who for market, who in owners.items() if market != given}, own - {given}, own)
    for now_ms in (3_000, 5_000, 7_001):
        sharing.step(without, now_ms)
    assert {sharing.step(view, now_ms).give_back for now_ms in range(8_000, 12_000, 1_000)} == {None}
    assert sharing.step(view, 12_001).give_back is not None, "it is tried again"
