"""Every figure that a process tells, with its meaning: the only home of their names.

Names follow Prometheus' conventions: counters end in `_total`, durations are seconds, sizes are base units of the
market's coin. Labels are bounded: markets, accounts, outcomes; never an order. Pure.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What Prometheus makes of it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


MAKER, HEDGER, JOURNAL, CONSOLE, ALERTER = "maker", "hedger", "journal", "console", "alerter"
TRADERS = (MAKER, HEDGER)
ALL = (MAKER, HEDGER, JOURNAL, CONSOLE, ALERTER)
BUCKETS_S = (0.0001, 0.0002, 0.0004, 0.0007, 0.001, 0.0015, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0)
"""Upper bounds of the histograms' buckets: a hop within one machine takes fractions of a millisecond."""
VENUE_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
"""Of what begins with the venue's own time, which lies a network away and is told in milliseconds."""


@dataclass(frozen=True, slots=True)
class Family:
    """One figure.

    Attributes:
        name: as Prometheus shows it.
        kind: what it is.
        meaning: one sentence.
        labels: their names.
        told_by: which processes.
        buckets: upper bounds in seconds, of a histogram.
        values: of the last label, where they are known beforehand: each then stands at 0 from the start, so that a
            first event is seen as a growth.
    """

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    told_by: tuple[str, ...] = TRADERS
    buckets: tuple[float, ...] = BUCKETS_S
    values: tuple[str, ...] = ()


def _counter(
    name: str, meaning: str, *labels: str, told_by: tuple[str, ...] = TRADERS, values: tuple[str, ...] = ()
) -> Family:
    return Family(name, Kind.COUNTER, meaning, labels, told_by, values=values)


def _gauge(name: str, meaning: str, *labels: str, told_by: tuple[str, ...] = TRADERS) -> Family:
    return Family(name, Kind.GAUGE, meaning, labels, told_by)


def _hop(name: str, meaning: str, told_by: str, buckets: tuple[float, ...] = BUCKETS_S) -> Family:
    return Family(name, Kind.HISTOGRAM, meaning, ("market",), (told_by,), buckets)


SIDES = ("buy", "sell")
OUTCOMES = ("accepted", "rejected", "unknown")
_A, _B, _J, _W = (MAKER,), (HEDGER,), (JOURNAL,), (ALERTER,)
_TABLE = (
    _gauge("hedge_build_info", "Always 1; which version runs, as which process.", "process", "version", told_by=ALL),
    _gauge("hedge_threads", "Threads of the process.", told_by=ALL),
    _counter(
        "hedge_metrics_overflows_total",
        "Times that more happened than could be added up; figures are too small then.",
        told_by=ALL,
    ),
    _counter(
        "hedge_metrics_failures_total",
        "Happenings that could not be added up, by a mistake of the program; trading is not touched.",
        told_by=ALL,
    ),
    # --- one market, A and B ---
    _gauge(
        "hedge_state",
        "1 for what the process does in the market (docs/operations.md), 0 for all else that it could do.",
        "market",
        "state",
    ),
    _gauge(
        "hedge_state_age_seconds",
        "Since when the state was last looked at; above a few seconds it stands still.",
        "market",
    ),
    _counter("hedge_pauses_total", "Times that the market became paused.", "market"),
    _gauge("hedge_position_size", "The account's position by its venue, base units, negative where short.", "market"),
    # --- A ---
    _counter(
        "hedge_published_fills_total",
        "Fills that Redis took: growths of an order's cumulative size.",
        "market",
        "side",
        told_by=_A,
        values=SIDES,
    ),
    _counter(
        "hedge_published_size_total",
        "Base units that they grew by; what an earlier run had published of an order counts again.",
        "market",
        "side",
        told_by=_A,
        values=SIDES,
    ),
    _counter(
        "hedge_publish_failures_total",
        "Attempts to publish a fill that Redis did not take, or did not answer.",
        "market",
        told_by=_A,
    ),
    _counter(
        "hedge_keep_failures_total",
        "Fills that the disk did not take while Redis did not.",
        "market",
        told_by=_A,
    ),
    _counter(
        "hedge_maker_orders_total",
        "Orders that A placed, by what became of it.",
        "market",
        "outcome",
        told_by=_A,
        values=OUTCOMES,
    ),
    _counter(
        "hedge_maker_cancels_total",
        "Cancels that A sent, by what became of them.",
        "market",
        "outcome",
        told_by=_A,
        values=OUTCOMES,
    ),
    _gauge("hedge_awaited_orders", "A's orders with fills that it has not heard to be hedged.", "market", told_by=_A),
    _gauge("hedge_awaited_size", "What these have filled, base units.", "market", told_by=_A),
    _gauge("hedge_awaited_age_seconds", "For how long the oldest of them is awaited.", "market", told_by=_A),
    _hop(
        "hedge_heard_to_published_seconds",
        "From the venue's frame being heard by A to Redis having the fill.",
        MAKER,
    ),
    _hop(
        "hedge_fill_to_published_seconds",
        "From the venue's own time of the fill to Redis having it; the clocks of venue and host differ.",
        MAKER,
        VENUE_BUCKETS_S,
    ),
    # --- B ---
    _gauge("hedge_owner", "1 where this process holds the market's lease.", "market", told_by=_B),
    _counter(
        "hedge_lease_changes_total",
        "Times that the market's lease was gained or lost.",
        "market",
        "change",
        told_by=_B,
        values=("gained", "lost"),
    ),
    _counter(
        "hedge_fills_heard_total",
        "Messages of fills that were heard, by the way they came; most come by both.",
        "market",
        "by",
        told_by=_B,
        values=("channel", "stream"),
    ),
    _counter(
        "hedge_claims_total",
        "Claims, by the ledger's answer.",
        "market",
        "answer",
        told_by=_B,
        values=("claimed", "busy", "nothing", "finished"),
    ),
    _counter(
        "hedge_signings_total",
        "Claimed hedges, by when their bytes were signed: ahead, on the fill, or after the claim.",
        "market",
        "when",
        told_by=_B,
        values=("ahead", "on_fill", "after_claim"),
    ),
    _counter(
        "hedge_sends_total",
        "Transactions of B, by what became of sending them.",
        "market",
        "outcome",
        told_by=_B,
        values=(*OUTCOMES, "held_back"),
    ),
    _counter(
        "hedge_hedges_total",
        "Hedges that the ledger has booked, by what they did.",
        "market",
        "result",
        told_by=_B,
        values=("executed", "partial", "dead"),
    ),
    _counter("hedge_hedged_size_total", "Base units that they executed.", "market", "side", told_by=_B, values=SIDES),
    _counter("hedge_look_ups_total", "Times that the venue was asked what became of a hedge.", "market", told_by=_B),
    _counter("hedge_kills_total", "Harmless transactions sent to end a doubt on a nonce.", "market", told_by=_B),
    _counter(
        "hedge_recounts_total",
        "Times that the ledger was made anew from the venues' records.",
        "market",
        told_by=_B,
    ),
    _gauge(
        "hedge_waiting_orders",
        "A's orders that wait for a hedge, the one under way included.",
        "market",
        told_by=_B,
    ),
    _gauge(
        "hedge_unhedged_size",
        "What the ledger lacks, base units: positive where B must sell; what is under way counts.",
        "market",
        told_by=_B,
    ),
    _gauge(
        "hedge_unhedged_age_seconds",
        "For how long the oldest fill that B knows of is not hedged.",
        "market",
        told_by=_B,
    ),
    _hop(
        "hedge_heard_to_claimed_seconds",
        "From a fill being heard by B to its claim in the ledger, waiting for other hedges included.",
        HEDGER,
    ),
    _hop("hedge_claimed_to_sent_seconds", "From the claim to the bytes being given to the socket.", HEDGER),
    _hop("hedge_heard_to_sent_seconds", "Both together.", HEDGER),
    _hop(
        "hedge_sent_to_settled_seconds",
        "From the bytes being given to the socket to the ledger having booked what they did.",
        HEDGER,
        VENUE_BUCKETS_S,
    ),
    _hop(
        "hedge_fill_to_sent_seconds",
        (
            "From the venue's own time of A's fill to B's bytes being given to the socket; the clocks of venue "
            "and host differ."
        ),
        HEDGER,
        VENUE_BUCKETS_S,
    ),
    # --- venues and Redis ---
    _counter(
        "hedge_venue_requests_total",
        "Requests to a venue by REST, by the HTTP status, or by how they failed.",
        "account",
        "endpoint",
        "status",
        told_by=(MAKER, HEDGER, JOURNAL),
    ),
    _gauge(
        "hedge_venue_requests_left",
        ("What is left of the account's limit of the last minute, by its pool; only what this process used is known."),
        "account",
        "pool",
    ),
    _gauge("hedge_venue_socket_up", "1 while the account's socket is up with all subscriptions.", "account"),
    _counter(
        "hedge_venue_socket_connects_total",
        "Times that all subscriptions stood, the first included.",
        "account",
    ),
    _counter("hedge_venue_socket_losses_total", "Times that the account's socket was lost.", "account"),
    _counter("hedge_venue_unreadable_frames_total", "Frames that made no sense and were skipped.", "account"),
    _counter(
        "hedge_redis_errors_total",
        "Failures of Redis, by kind; of a cluster none are counted.",
        "kind",
        told_by=(MAKER, HEDGER, JOURNAL, ALERTER),
        values=("connect", "connection", "timeout", "answer"),
    ),
    # --- the journal ---
    _counter("hedge_journal_rounds_total", "Rounds through both accounts' books.", told_by=_J),
    _counter(
        "hedge_journal_failures_total",
        "Rounds, or a market's part of one, that a venue, Redis or the database kept from ending.",
        told_by=_J,
    ),
    _gauge(
        "hedge_journal_read_age_seconds",
        "Since when the market's books were last read to their end.",
        "market",
        told_by=_J,
    ),
    # --- the alerter ---
    _gauge("hedge_alerter_acting", "1 where this alerter acts, 0 where it stands by.", told_by=_W),
    _gauge("hedge_alerter_round_age_seconds", "Since when it has last looked and judged.", told_by=_W),
    _gauge("hedge_alerter_blind", "1 while something that it looks at cannot be read.", told_by=_W),
    _gauge("hedge_alerts_firing", "Rules that fire, each market for itself.", told_by=_W),
    _counter(
        "hedge_alert_deliveries_total",
        "Messages that a channel took, or did not after all tries.",
        "channel",
        "result",
        told_by=_W,
        values=("taken", "failed"),
    ),
)

FAMILIES = MappingProxyType({one.name: one for one in _TABLE})
"""By name."""
