"""What the alerter did, for its metrics. Only keeps (`tally`); nothing waits for it."""

from collections.abc import Mapping
from typing import Any

from hedge_strategy.alerts.delivery import Outcome
from hedge_strategy.tally import Tally


class AlerterMeter:
    """Safe to share between threads.

    Args:
        tally: of the process.
        channels: their names: each stands at 0 from the start.
    """

    def __init__(self, tally: Tally, channels: tuple[str, ...]) -> None:
        self._tally = tally
        self._told_ns = 0
        for name in channels:
            tally.numbers.begin("channel", name)
        tally.look_with("alerter", self._look)

    def told(self, state: Mapping[str, Any]) -> None:
        """What it says of itself after a round: state, reason (empty while all can be read), firing."""
        self._tally.keep(self._state, state)

    def ended(self, outcome: Outcome) -> None:
        """A message has reached its channel, or will not."""
        self._tally.count("hedge_alert_deliveries_total", outcome.channel, "failed" if outcome.problem else "taken")

    def _state(self, state: Mapping[str, Any], _also: object, at_ns: int) -> None:
        self._told_ns = at_ns
        put = self._tally.numbers.put
        put("hedge_alerter_acting", float(state["state"] == "watching"))
        put("hedge_alerter_blind", float(bool(state["reason"])))
        put("hedge_alerts_firing", state["firing"])

    def _look(self, now_ns: int) -> None:
        if self._told_ns:
            self._tally.numbers.put("hedge_alerter_round_age_seconds", (now_ns - self._told_ns) / 1e9)
