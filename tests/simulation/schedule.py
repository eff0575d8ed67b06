"""One schedule: a seed makes the world, its weather and its disasters; then the faults end and all must come right."""

import math
import traceback
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from hedge_strategy.coordination.commands import Action
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderStatus
from tests.simulation.clockwork import START_MS, Clockwork
from tests.simulation.comings import Going, comings_and_goings
from tests.simulation.exchange import ExchangeModel, VenueOrder
from tests.simulation.hedger_node import HedgerNode
from tests.simulation.host_model import HostModel
from tests.simulation.judge import Judge, JudgedLedger, NotPromised, Violation
from tests.simulation.maker_node import MAKER_KEY, MakerNode
from tests.simulation.pace import Pace
from tests.simulation.redis_model import RedisModel
from tests.simulation.rest_link import HEDGER, MAKER
from tests.simulation.weather import (
    HELD_UP,
    HELD_UP_MS,
    SILENT_MS,
    Weather,
    after_loss,
    disasters,
    fine,
    forecast,
    forgetfulness,
    silence,
    storm,
)

BTC = Market("BTC", 1, 5, 1, Decimal("0.00020"), Decimal(10))
ETH = Market("ETH", 0, 4, 2, Decimal("0.0050"), Decimal(10))
LIVES_MS = (15_000, 40_000, 599_000)
"""How long a signed transaction may execute."""
QUIET_WITHIN_MS = 1_500_000
"""Virtual time after the last fault within which everything must have come right: two lives of a transaction."""
STEPS_MAX = 60_000
ONE_BOOK = 0.4
"""How often A and B stand on one venue that does not know them as one owner's, and keep apart by price."""
LAST_FRAMES_MS = 2_000
"""What the venue has written by the end of the fills has reached A by then."""
HISTORY_MS = 26_000
"""A is not stopped before its last reading of history, so long after it connected: what it has not seen then stays
unhedged till its next start."""
LOOKS_MS = 100
LOOKED_EVERY = 4
"""Steps between two looks whether what is waited for has come."""


@dataclass(slots=True)
class Outcome:
    """What one schedule came to."""

    seed: int
    steps: int = 0
    problem: str = ""
    kind: str = ""
    faults: Counter[str] = field(default_factory=Counter)
    lots: int = 0
    trace: tuple[str, ...] = ()


class World:
    """Everything of one schedule."""

    def __init__(self, seed: int, *, is_traced: bool) -> None:
        clock = self.clock = Clockwork(seed, is_traced=is_traced)
        self.weather = forecast(clock)
        self.market = BTC if clock.random() < 0.7 else ETH
        self.judge = Judge(clock)
        self.exchange = ExchangeModel(clock, self.market, self.weather, self.judge)
        after_silence = silence(clock, self.weather)
        if after_silence or storm(clock, self.weather):
            self.exchange.spared[MAKER] = Weather()
        self.exchange.answers_resend_of_pending = clock.random() < 0.7
        self.exchange.counts_pending_in_nonce = clock.random() < 0.5
        self.redis = RedisModel(clock, self.market.symbol)
        self.redis.ledger = JudgedLedger(self.redis.time, self.judge)
        self.redis.appendfsync = "everysec" if clock.random() < 0.7 else "always"
        self.pace = Pace(clock)
        life_ms = LIVES_MS[clock.below(3)]
        self.exchange.open(MAKER, MAKER_KEY, 10)
        self.maker = MakerNode(self.exchange, self.redis, self.pace, life_ms=life_ms)
        self.maker.quantity = self.market.size_of((60, 100, 337)[clock.below(3)])
        self.maker.order_timeout_ms = (1_500, 6_000, 60_000)[clock.below(3)]
        self.maker.dead_man_ms = (None, 300_000, 600_000)[clock.below(3)]
        self.comings = comings_and_goings(seed)
        self.hedgers = self._make_hedgers(life_ms)
        replays_fills = clock.random() < 0.5
        is_one_book = self.exchange.is_one_book = clock.random() < ONE_BOOK
        for node in self.nodes:
            node.venue.replays_fills = replays_fills
            node.keeps_apart = is_one_book
        judge = self.judge
        judge.exchange, judge.redis, judge.maker = self.exchange, self.redis, self.maker
        judge.hedgers = self.hedgers
        for hedger in self.hedgers:
            hedger.on_taken_up = judge.taken_up
        weather = self.weather
        judge.may_be_hard_to_cancel = any(
            (weather.lost_request, weather.lost_answer, weather.slow_send_ms, weather.refused, weather.rate_limited,
             weather.nonce_refused, weather.held_back, weather.failed, weather.vanished, weather.rest_fails)
        )  # fmt: skip
        judge.may_rest_two = weather.failed > 0 or weather.vanished > 0
        self.busy_ms = 4_000 + clock.below((4_000, 12_000, 36_000)[clock.below(3)])
        self.fills_every_ms = (300, 1_000, 3_000, 20_000)[clock.below(4)]
        self.is_fine = False
        self.is_over = False
        if after_silence:
            self.busy_ms = max(self.busy_ms, SILENT_MS)
        for at_ms, kind in (
            after_silence + disasters(clock, self.busy_ms) + forgetfulness(clock, self.weather, self.busy_ms)
        ):
            clock.after(at_ms, self._disaster, kind)
        for going in () if self.comings is None else self.comings.goings:
            clock.after(1_000 + going.share * self.busy_ms, self._gives_back, going)

    def _make_hedgers(self, life_ms: int) -> list[HedgerNode]:
        clock, hedgers = self.clock, []
        retry_times = (2, 5, 11)[clock.below(3)]
        count = 2 if clock.random() < 0.5 else 1
        for number in range(len(self.comings.joins) if self.comings is not None else count):
            key = 4 if self.comings is not None else 4 + number  # hosts have one key for a market
            if key == 4 + number:
                self.exchange.open(HEDGER, key, 10)
            hedger = HedgerNode(self.exchange, self.redis, self.pace, name=f"B{number + 1}", key=key, life_ms=life_ms)
            hedger.retry_times = retry_times
            if self.comings is not None:
                hedger.host = HostModel(hedger.name, hedger.redis, self.redis, hedger.disk, clock)
            hedgers.append(hedger)
        return hedgers

    @property
    def nodes(self) -> list[MakerNode | HedgerNode]:
        return [self.maker, *self.hedgers]

    # --- what outsiders and disasters do ------------------------------------------------------------------------------

    def _trade(self, order: VenueOrder) -> None:
        """An outsider takes some of what A rests."""
        clock = self.clock
        if self.is_over or order.status is not OrderStatus.OPEN:
            return
        left = order.lots - order.filled
        self.exchange.fill(order, left if clock.random() < 0.3 else 1 + clock.below(left))
        self._rests(order)

    def _rests(self, order: VenueOrder) -> None:
        """An order of A rests: outsiders come and take of it until it is gone."""
        self.clock.after(20 + self.clock.below(self.fills_every_ms), self._trade, order)

    def _disaster(self, kind: str) -> None:
        if self.is_fine:
            return
        clock = self.clock
        owners = [one for one in self.hedgers if one.lease is not None]
        among = owners if owners and clock.random() < 0.7 else self.hedgers
        hedger = among[clock.below(len(among))]
        for_ms = (500, 3_000, 12_000, 30_000)[clock.below(4)] + clock.below(2_000)
        match kind.split():
            case ["crash", name]:
                (self.maker if name == "A" else hedger).crash()
                return
            case ["freeze", name]:
                (self.maker if name == "A" else hedger).freeze(for_ms)
                return
            case ["stop", name]:
                leave_alone = name == "B" and clock.random() < 0.5
                for node in self.hedgers if leave_alone else [self.maker if name == "A" else hedger]:
                    self._stop(node)
            case ["cut", name, *_]:
                node = self.maker if name == "A" else hedger
                node.redis.is_cut = True
                clock.after(for_ms, self._mend, node)
            case ["Redis", "away"]:
                self.redis.is_away = True
                clock.after(for_ms, self._redis_back)
            case ["pause" | "resume" as word, "for", "B"]:
                if hedger.is_up:
                    hedger.obey(Action(word))
            case ["socket", _, name, _]:
                (self.maker if name == "A" else hedger).venue.cut()
            case ["bytes", *_]:
                self._hold_up()
                return
            case ["Redis", *_]:
                self._forget(kind, for_ms)
            case ["venue", "away"]:
                self._venue_goes(is_away=True)
                for node in self.nodes:
                    node.venue.cut()
                clock.after(for_ms, self._venue_back)
            case _:
                raise ValueError(kind)
        clock.fault(kind)

    def _hold_up(self) -> None:
        """For a while much of what is sent arrives very late."""
        weather = self.weather
        before, weather.late_send = weather.late_send, HELD_UP
        self.clock.after(HELD_UP_MS, self._let_go, before)

    def _let_go(self, before: float) -> None:
        self.weather.late_send = 0.0 if self.is_fine else before

    def _forget(self, kind: str, for_ms: int) -> None:
        """Redis forgets, or is only started anew."""
        clock, redis = self.clock, self.redis
        match kind.removeprefix("Redis "):
            case "lost everything":
                redis.flush()
            case "restarted without data":
                redis.is_away = True
                clock.after(for_ms, self._redis_starts, True)
            case "restarted":
                redis.is_away = True
                clock.after(for_ms, self._redis_starts, False)
            case "lost its last second":
                clock.after(clock.below(1_000), redis.fail_over, redis.snapshot())
            case _:
                raise ValueError(kind)
        if (follows := after_loss(clock)) is not None:
            clock.after(follows[0], self._disaster, follows[1])

    def _redis_starts(self, is_empty: bool) -> None:
        self.clock.say("Redis", "starts " + ("with nothing" if is_empty else "with what there was"))
        self.redis.start_again()
        if is_empty:
            self.redis.flush()
        self._redis_back()

    def _stop(self, node: MakerNode | HedgerNode) -> None:
        node.wants_stop = True
        self.clock.after(35_000 + self.clock.below(5_000), self._start_again, node)

    def _start_again(self, node: MakerNode | HedgerNode) -> None:
        if node.is_up and node.wants_stop:
            self.clock.after(2_000, self._start_again, node)
        elif not self.is_over or node is not self.maker:
            node.start()

    def _gives_back(self, going: Going) -> None:
        """A host gives the market back in order, and takes part again later."""
        owners = [one for one in self.hedgers if one.lease is not None and not one.wants_stop]
        if self.is_fine or not owners:
            return
        self.clock.fault(going.kind)
        owners[0].wants_stop = True
        self._takes_part_again(owners[0], going.again_ms)

    def _takes_part_again(self, node: HedgerNode, again_ms: int) -> None:
        if node.is_up and node.wants_stop:
            self.clock.after(LOOKS_MS, self._takes_part_again, node, again_ms)
        elif not node.is_up:
            self.clock.after(again_ms, node.start)

    def _mend(self, node: MakerNode | HedgerNode) -> None:
        node.redis.is_cut = False

    def _redis_back(self) -> None:
        self.redis.is_away = False

    def _venue_back(self) -> None:
        self._venue_goes(is_away=False)

    def _venue_goes(self, *, is_away: bool) -> None:
        for node in self.nodes:
            node.venue.is_venue_away = is_away
        for hedger in self.hedgers:
            hedger.maker.is_venue_away = is_away

    # --- the two halves -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Runs everything. Raises: Violation."""
        for node in [self.maker] if self.comings is not None else self.nodes:
            is_late = node is not self.maker and node is not self.hedgers[0] and self.clock.random() < 0.3
            self.clock.after(self.clock.below(self.busy_ms if is_late else 1_000), node.start)
        for hedger, share in zip(self.hedgers, () if self.comings is None else self.comings.joins, strict=False):
            self.clock.after(self.clock.below(1_000) + share * self.busy_ms, hedger.start)
        self.exchange.on_rest = self._rests
        self._run_until(self.clock.now_ms + self.busy_ms)
        self._end_faults()
        self._until(self._has_recovered, "A does not quote again")
        self.is_over = True
        self._run_until(max(self.clock.now_ms + LAST_FRAMES_MS, self.maker.venue.connected_at_ms + HISTORY_MS))
        self.maker.wants_stop = True
        self._until(lambda: not self.maker.is_up, "A does not stop")
        self._until(self._is_quiet, "B does not come to rest")
        self.judge.total()

    def _end_faults(self) -> None:
        self.clock.say("weather", "the faults end")
        self.is_fine = True
        fine(self.weather)
        self._redis_back()
        self._venue_back()
        for node in self.nodes:
            self._mend(node)
            self.clock.after(0, self._start_again, node)
        self.pace.calm_down()

    def _has_recovered(self) -> bool:
        """A quotes again: fills go on until then."""
        self._see_to_paused()
        if not self.maker.is_running or self.maker.wants_stop or not self.maker.venue.is_connected:
            return False  # what rests may be left over from before
        if not self.exchange.accounts[MAKER].resting:
            return False
        return not any(hedger.is_up and hedger.machine.paused for hedger in self.hedgers)

    def _see_to_paused(self) -> None:
        for hedger in self.hedgers:
            if hedger.is_up and hedger.machine.paused:
                self._see_to(hedger)

    def _see_to(self, hedger: HedgerNode) -> None:
        """A pause is right where as many hedges in a row truly came to nothing; a person then resumes B."""
        reason = hedger.machine.paused
        if "came to nothing" not in reason:
            return
        if self.judge.longest_fruitless < hedger.retry_times:
            raise Violation(f"paused without need: {reason}")
        self.clock.fault("a person resumes B")
        hedger.obey(Action.RESUME)

    def _is_quiet(self) -> bool:
        self._see_to_paused()
        if any(lane.pending for lane in self.exchange.lanes.values()):
            return False
        if not any(hedger.is_up and hedger.acts for hedger in self.hedgers):
            return False
        lines = self.redis.ledger.open_lines()
        return (
            not any(line.unhedged_lots or line.in_flight_lots for line in lines)
            and not self.redis.kept.entries
            and all(not hedger.is_up or hedger.machine.is_idle for hedger in self.hedgers)
        )

    def _run_until(self, at_ms: int) -> None:
        self.clock.run(at_ms, STEPS_MAX, self.judge.look)

    def _until(self, is_reached: object, problem: str) -> None:
        clock, look = self.clock, self.judge.look
        end_ms = clock.now_ms + QUIET_WITHIN_MS
        while not is_reached():  # type: ignore[operator]
            if not clock.run(math.inf, LOOKED_EVERY, look):
                raise Violation(f"stuck: {problem}, and nothing moves any more")
            if clock.now_ms > end_ms or clock.steps > STEPS_MAX:
                paused = [hedger.machine.paused for hedger in self.hedgers if hedger.is_up]
                raise Violation(f"stuck: {problem} after {clock.now_ms - START_MS} ms; paused: {paused}")


def run_schedule(seed: int, *, is_traced: bool = False) -> Outcome:
    """Runs one schedule to its end."""
    outcome = Outcome(seed)
    world = World(seed, is_traced=is_traced)
    try:
        world.run()
    except NotPromised as error:
        world.clock.fault(f"not promised: {error}")
    except Violation as error:
        outcome.problem = str(error)
    except Exception as error:  # noqa: BLE001 - a mistake of the product or of a model is a finding like any other
        where = traceback.extract_tb(error.__traceback__)[-1]
        outcome.problem = f"{type(error).__name__}: {error} ({where.filename.rpartition('/')[2]}:{where.lineno})"
    finally:
        for node in world.nodes:
            node.end_threads()
    outcome.kind = outcome.problem.partition(":")[0]
    outcome.steps = world.clock.steps
    outcome.faults = world.clock.faults
    outcome.lots = sum(world.judge.hedged.values())
    outcome.trace = tuple(world.clock.trace or ())
    return outcome
