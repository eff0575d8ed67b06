"""What B's metrics say is what its machine was told and did, with the times between."""

from decimal import Decimal
from typing import Any

import pytest

from hedge_strategy.coordination.ledger_rows import Nothing
from hedge_strategy.domain.hedge import Claim, IntentState, OrderLine, PreparedHedge
from hedge_strategy.domain.ids import hedge_client_order_index
from hedge_strategy.domain.order import Accepted, Rejected, Side, Unknown
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.meter import HedgerMeter
from hedge_strategy.venues.port import SendAnswered
from tests.coordination.samples import BTC, order, seen, transaction
from tests.metrics.reading import START_NS, Reader

INDEX = hedge_client_order_index(order().order_index, 0)
BYTES = transaction(INDEX)
FILLED_AT_MS = START_NS // 1_000_000 + 900
STATE: dict[str, Any] = {
    "state": "hedging", "fencing": 3, "epoch": "e1", "is_owner": True, "waiting": 1, "unhedged": "-0.00020",
    "positions": {"maker": "1", "hedger": "-0.5"}, "account_index": 7, "sends_left": 30, "reads_left": 50,
}  # fmt: skip


def line(hedged: int) -> OrderLine:
    return OrderLine(order(), Side.SELL, 20, hedged, 0, False)


def claim(state: IntentState) -> Claim:
    return Claim(order(), Side.SELL, INDEX, 0, 20, state)


@pytest.fixture
def reader() -> Reader:
    return Reader("hedger")


@pytest.fixture
def meter(reader: Reader) -> HedgerMeter:
    made = HedgerMeter(reader.tally, BTC)
    made.heard(ev.OwnershipGained((), (), 4))
    return made


def hear(meter: HedgerMeter, entry_id: str | None = None) -> None:
    meter.heard(ev.FillHeard(seen(20, at_ms=FILLED_AT_MS), Decimal(1), entry_id))


def settle(meter: HedgerMeter, executed: int, *, is_dead: bool = False) -> None:
    done = ev.Settle(claim(IntentState.SENT), is_dead, executed, Decimal(1), 3, "")
    meter.done(done, ev.Settled(line(executed)))


def test_a_hedge_is_followed_from_the_message_to_the_booking(reader: Reader, meter: HedgerMeter) -> None:
    clock = reader.clock
    hear(meter)
    clock.move_ms(0.3)
    prepared = PreparedHedge(BYTES, 20)
    meter.done(ev.ClaimFill(seen(20), "token", None, prepared), ev.ClaimAnswered(claim(IntentState.SENT)))
    clock.move_ms(0.2)
    meter.done(ev.Send(BYTES), None)
    clock.move_ms(200)
    meter.heard(SendAnswered(BYTES, Accepted(0)))
    hear(meter, "1-1")  # the stream tells it too
    settle(meter, 20)
    found = reader.read()
    sums = {name: value for name, value in found.items() if name.endswith("_seconds_sum")}
    assert sums == {
        "hedge_heard_to_claimed_seconds_sum": {("BTC",): pytest.approx(0.0003)},
        "hedge_claimed_to_sent_seconds_sum": {("BTC",): pytest.approx(0.0002)},
        "hedge_heard_to_sent_seconds_sum": {("BTC",): pytest.approx(0.0005)},
        "hedge_sent_to_settled_seconds_sum": {("BTC",): pytest.approx(0.2)},
        "hedge_fill_to_sent_seconds_sum": {("BTC",): pytest.approx(0.1)},
    }
    assert found["hedge_fills_heard_total"] == {("channel", "BTC"): 1, ("stream", "BTC"): 1}
    assert found["hedge_claims_total"] == {("claimed", "BTC"): 1}
    assert found["hedge_signings_total"] == {("BTC", "ahead"): 1}
    assert found["hedge_sends_total"] == {("BTC", "accepted"): 1}
    assert found["hedge_hedges_total"] == {("BTC", "executed"): 1}
    assert found["hedge_hedged_size_total"] == {("BTC", "buy"): pytest.approx(0.0002)}
    assert "hedge_unhedged_age_seconds" not in found, "nothing waits any more"


def test_when_the_bytes_were_signed_is_told(reader: Reader, meter: HedgerMeter) -> None:
    on_fill, claimed = PreparedHedge(BYTES, 20), ev.ClaimAnswered(claim(IntentState.SENT))
    signing: Any = ev.SignHedge(None, 7)  # type: ignore[arg-type]
    meter.done(signing, ev.Signed(BYTES))
    meter.done(ev.ClaimFill(seen(20), "a", None, on_fill), claimed)
    meter.done(ev.ClaimFill(seen(20), "b", None, None), ev.ClaimAnswered(claim(IntentState.RESERVED)))
    meter.done(ev.StoreAsSent(claim(IntentState.RESERVED), BYTES), ev.StoredAsSent())
    assert reader.read()["hedge_signings_total"] == {("BTC", "on_fill"): 1, ("BTC", "after_claim"): 1}


def test_outcomes_are_told_apart(reader: Reader, meter: HedgerMeter) -> None:
    for outcome in (Accepted(0), Rejected(21, "no"), Unknown("cut"), Unknown("cut")):
        meter.heard(SendAnswered(BYTES, outcome))
    meter.done(ev.Send(BYTES), ev.NotSent(BYTES, 5, "limit"))
    meter.done(ev.Send(BYTES), SendAnswered(BYTES, Unknown("closed")))
    meter.done(ev.LookUp(INDEX, ()), None)
    meter.done(ev.SendKiller(7), ev.KillFailed(5, "limit"))
    meter.done(ev.SendKiller(7), ev.KillerSent(BYTES))
    settle(meter, 8)
    settle(meter, 0, is_dead=True)
    found = reader.read()
    assert found["hedge_sends_total"] == {
        ("BTC", "accepted"): 1, ("BTC", "rejected"): 1, ("BTC", "unknown"): 3, ("BTC", "held_back"): 1,
    }  # fmt: skip
    assert found["hedge_hedges_total"] == {("BTC", "partial"): 1, ("BTC", "dead"): 1}
    assert (found["hedge_look_ups_total"], found["hedge_kills_total"]) == ({("BTC",): 1}, {("BTC",): 1})


def test_how_long_a_fill_waits_grows_until_the_ledger_says_that_it_is_hedged(
    reader: Reader, meter: HedgerMeter
) -> None:
    hear(meter)
    reader.clock.move_ms(2_000)
    hear(meter, "1-1")
    assert reader.read()["hedge_unhedged_age_seconds"] == {("BTC",): 2.0}
    settle(meter, 8)
    assert reader.read()["hedge_unhedged_age_seconds"] == {("BTC",): 2.0}, "some of it is still lacking"
    meter.done(ev.ClaimFill(seen(20), "token", None), ev.ClaimAnswered(Nothing(line(20))))
    assert "hedge_unhedged_age_seconds" not in reader.read()
    hear(meter, "1-2")
    assert "hedge_unhedged_age_seconds" not in reader.read(), "it is known to be hedged"


def test_a_former_owner_s_fill_waits_since_the_market_was_gained_and_is_another_s_when_it_is_lost(
    reader: Reader, meter: HedgerMeter
) -> None:
    meter.heard(ev.OwnershipGained((), (line(0),), 4))
    reader.clock.move_ms(500)
    assert reader.read()["hedge_unhedged_age_seconds"] == {("BTC",): 0.5}
    meter.heard(ev.LedgerLost("forgotten"))
    meter.heard(ev.OwnershipLost("the lease ended"))
    hear(meter)
    found = reader.read()
    assert "hedge_unhedged_age_seconds" not in found
    assert found["hedge_lease_changes_total"] == {("lost", "BTC"): 1}


def test_states_are_told_as_they_change(reader: Reader, meter: HedgerMeter) -> None:
    meter.told(STATE)
    meter.told({**STATE, "state": "paused", "fencing": 3, "waiting": 0, "unhedged": None, "positions": None})
    meter.told({**STATE, "state": "paused", "fencing": 5, "epoch": "e2"})
    reader.clock.move_ms(1_500)
    found = reader.read()
    assert found["hedge_state"] == {("BTC", "paused"): 1}
    assert found["hedge_pauses_total"] == {("BTC",): 1}
    assert found["hedge_lease_changes_total"] == {("gained", "BTC"): 2}
    assert found["hedge_recounts_total"] == {("BTC",): 1}
    assert (found["hedge_owner"], found["hedge_waiting_orders"]) == ({("BTC",): 1}, {("BTC",): 1})
    assert found["hedge_unhedged_size"] == {("BTC",): -0.0002}
    assert found["hedge_position_size"] == {("BTC",): -0.5}
    assert found["hedge_venue_requests_left"] == {("7", "sends"): 30, ("7", "reads"): 50}
    assert found["hedge_state_age_seconds"] == {("BTC",): 1.5}
