"""What goes wrong in one schedule: which kinds of fault, how often, and the disasters with their hours.

Each schedule draws a few kinds of many, so that now one fault comes alone and again and again, now several meet.
"""

from dataclasses import dataclass, fields

from tests.simulation.clockwork import Clockwork

DISASTERS = (
    "crash A", "crash A", "crash A", "crash B", "crash B",
    "freeze A", "freeze B", "stop A", "stop B", "cut A from Redis", "cut B from Redis",
    "Redis away", "socket of A cut", "socket of B cut", "venue away",
    "Redis lost everything", "Redis restarted without data", "Redis lost its last second", "Redis restarted",
    "pause for B", "resume for B",
)  # fmt: skip
AFTER_LOSS = (
    "crash A", "crash B", "crash B", "freeze A", "freeze B", "cut B from Redis", "Redis away", "venue away", "stop B",
    "Redis lost everything", "Redis lost its last second",
)  # fmt: skip
"""What strikes while the ledger is made anew."""
WHILE_REBUILT_MS = 35_000


@dataclass(slots=True)
class Weather:
    """How likely each thing is each time it could happen; times are upper bounds in ms.

    Attributes:
        slow_push_ms: how late a frame may come; beyond a few ms frames overtake each other.
        repeated_push: a frame comes twice.
        cut_for_frame: the socket breaks instead of bringing a frame.
        lost_request: bytes never reach the venue.
        lost_answer: the venue's answer never comes back.
        slow_send_ms: how long bytes may be on the way.
        late_send: B's bytes are held up for very long, within the life of what they say.
        refused: refused at the door for a reason of its own.
        rate_limited: 429 at the door.
        nonce_refused: 21104 at the door although the nonce was right.
        held_back: our own rate limit keeps the bytes, for a moment or for as long as its window.
        failed: accepted, then refused inside the venue, the nonce not used, and told.
        vanished: the same, but no record of it ever, or one that says that it still waits.
        without_effect: an order's transaction runs with an error of the application and leaves no order.
        slow_execution_ms: how long an accepted transaction may wait.
        partial: a market order executes less than it asked for.
        empty: a market order executes nothing.
        post_only_crossed: an order that may not take is cancelled at once.
        lag_ms: how late REST may show orders, trades and transactions.
        rest_fails: a REST request gets no answer.
        stale_nonce: the counter is told as it was a while before.
        redis_before: a Redis command is lost on the way in.
        redis_after: its answer is lost.
        lost_hint: a message on a channel is not heard.
        repeated_hint: it is heard twice, or late.
        gap: between two commands of one step something happens: a crash, a freeze, a pause.
        crash_in_gap: how much of that is a crash.
        freeze_in_gap: how much of it is a freeze longer than a lease.
        no_book: the hedger's book is not live.
        disk_fails: A's disk does not take a fill that Redis did not take either.
    """

    slow_push_ms: int = 0
    repeated_push: float = 0.0
    cut_for_frame: float = 0.0
    lost_request: float = 0.0
    lost_answer: float = 0.0
    slow_send_ms: int = 0
    late_send: float = 0.0
    refused: float = 0.0
    rate_limited: float = 0.0
    nonce_refused: float = 0.0
    held_back: float = 0.0
    failed: float = 0.0
    vanished: float = 0.0
    without_effect: float = 0.0
    slow_execution_ms: int = 0
    partial: float = 0.0
    empty: float = 0.0
    post_only_crossed: float = 0.0
    lag_ms: int = 0
    rest_fails: float = 0.0
    stale_nonce: float = 0.0
    redis_before: float = 0.0
    redis_after: float = 0.0
    lost_hint: float = 0.0
    repeated_hint: float = 0.0
    gap: float = 0.0
    crash_in_gap: float = 0.0
    freeze_in_gap: float = 0.0
    no_book: float = 0.0
    disk_fails: float = 0.0


LARGEST = Weather(
    slow_push_ms=1_500, repeated_push=0.3, cut_for_frame=0.15, lost_request=0.4, lost_answer=0.5,
    slow_send_ms=4_000, late_send=0.1, refused=0.3,
    rate_limited=0.3, nonce_refused=0.3, held_back=0.3, failed=0.3, vanished=0.2, without_effect=0.2,
    slow_execution_ms=3_000, partial=0.6, empty=0.3, post_only_crossed=0.3, lag_ms=15_000, rest_fails=0.4,
    stale_nonce=0.3, redis_before=0.15, redis_after=0.15, lost_hint=0.7, repeated_hint=0.4, gap=0.08,
    crash_in_gap=0.4, freeze_in_gap=0.4, no_book=0.5, disk_fails=0.5,
)  # fmt: skip
STORMY = 0.2
SILENT = 0.04
STORM = {
    "failed": 0.5, "slow_execution_ms": 3_000, "lag_ms": 6_000, "cut_for_frame": 0.3, "lost_answer": 0.5,
    "lost_request": 0.3, "slow_push_ms": 1_500,
}  # fmt: skip
"""Hedges come into doubt again and again, while A quotes under a clear sky: what is long to meet by chance."""
_NAMES = tuple(field.name for field in fields(Weather))


def forecast(clock: Clockwork) -> Weather:
    """Draws a schedule's weather: each kind is away in most schedules, and of any strength in the others."""
    busy = clock.random() * 0.6
    weather = Weather()
    for name in _NAMES:
        if clock.random() < busy:
            strength = getattr(LARGEST, name) * clock.random()
            setattr(weather, name, int(strength) if name.endswith("_ms") else strength)
    if clock.random() < 0.3:  # this venue is always late
        weather.lag_ms = max(weather.lag_ms, clock.below(LARGEST.lag_ms))
    return weather


SILENCE = {"vanished": 0.6, "rate_limited": 0.5, "lost_answer": 0.5, "lost_request": 0.3}
"""Hedges and their killers leave no trace, so that B gives up; and then it loses the market."""
SILENT_MS = 70_000
SILENCED = ("cut B from Redis", "Redis away", "freeze B")


def silence(clock: Clockwork, weather: Weather) -> list[tuple[int, str]]:
    """Now and then makes B give up; says what happens after that."""
    if clock.random() >= SILENT:
        return []
    for name, strength in SILENCE.items():
        setattr(weather, name, max(getattr(weather, name), strength))
    return [(SILENT_MS - clock.below(30_000), SILENCED[clock.below(3)]) for _ in range(2)]


def storm(clock: Clockwork, weather: Weather) -> bool:
    """Now and then makes a storm of the weather, which spares A; says whether it did."""
    if clock.random() >= STORMY:
        return False
    for name, strength in STORM.items():
        setattr(weather, name, max(getattr(weather, name), strength))
    return True


FORGETFUL = 0.1
LOSSES = ("Redis lost everything", "Redis restarted without data", "Redis lost its last second")
BESIDE_LOSS = ("crash A", "crash A", "crash B", "freeze B")
BESIDE_MS = 4_000
HELD_UP, HELD_UP_BEFORE_MS, HELD_UP_MS = 0.6, 3_000, 15_000
"""What is sent around the loss may arrive after the count: hedges, and the fences that should end them."""


def forgetfulness(clock: Clockwork, weather: Weather, until_ms: int) -> list[tuple[int, str]]:
    """Now and then Redis forgets while history lags, and who could tell of it dies; says when."""
    if clock.random() >= FORGETFUL:
        return []
    weather.lag_ms = max(weather.lag_ms, 6_000 + clock.below(9_000))
    at_ms = 4_000 + clock.below(until_ms)
    beside_ms = at_ms - BESIDE_MS // 2 + clock.below(BESIDE_MS)
    planned = [(at_ms, LOSSES[clock.below(3)]), (beside_ms, BESIDE_LOSS[clock.below(4)])]
    return planned + ([(at_ms - HELD_UP_BEFORE_MS, "bytes held up")] if clock.random() < 0.5 else [])


def disasters(clock: Clockwork, until_ms: int) -> list[tuple[int, str]]:
    """Draws what happens at which time, counted from the start in ms."""
    count = (0, 0, 1, 1, 2, 3, 5, 8)[clock.below(8)]
    return [(1_000 + clock.below(until_ms), DISASTERS[clock.below(len(DISASTERS))]) for _ in range(count)]


def after_loss(clock: Clockwork) -> tuple[int, str] | None:
    """Now and then something strikes while the ledger is made anew."""
    if clock.random() < 0.5:
        return None
    return clock.below(WHILE_REBUILT_MS), AFTER_LOSS[clock.below(len(AFTER_LOSS))]


def fine(weather: Weather) -> None:
    """The faults end; what is normal on this venue stays: REST lags, execution takes time."""
    normal = (weather.lag_ms, min(weather.slow_execution_ms, 500))
    for name in _NAMES:
        setattr(weather, name, 0)
    weather.lag_ms, weather.slow_execution_ms = normal
