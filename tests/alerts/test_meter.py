"""What the alerter tells Prometheus: that it looks, what fires, and whether its messages arrive."""

from hedge_strategy.alerts.delivery import Outcome
from hedge_strategy.alerts.meter import AlerterMeter
from tests.metrics.reading import Reader


def test_an_alerter_that_stands_still_is_seen_by_its_age() -> None:
    reader = Reader("alerter")
    meter = AlerterMeter(reader.tally, ("ops",))
    meter.told({"state": "watching", "reason": "", "firing": 2})
    reader.clock.move_ms(90_000)
    told = reader.read()
    assert told["hedge_alerter_round_age_seconds"] == {(): 90}
    assert (told["hedge_alerts_firing"], told["hedge_alerter_acting"]) == ({(): 2}, {(): 1})
    assert "hedge_alerter_blind" not in told
    meter.told({"state": "standby", "reason": "redis: no answer", "firing": 0})
    told = reader.read()
    assert "hedge_alerter_acting" not in told
    assert told["hedge_alerter_blind"] == {(): 1}


def test_messages_are_counted_by_channel_as_taken_or_given_up() -> None:
    reader = Reader("alerter")
    meter = AlerterMeter(reader.tally, ("ops", "phone"))
    text = reader.exposition.answer()[0].decode()
    assert 'hedge_alert_deliveries_total{channel="phone",result="failed"} 0.0' in text, (
        "so that a first one is a growth"
    )
    for outcome in (Outcome("1", "ops"), Outcome("1", "phone", "no answer"), Outcome("2", "ops")):
        meter.ended(outcome)
    assert reader.read()["hedge_alert_deliveries_total"] == {("ops", "taken"): 2, ("phone", "failed"): 1}
