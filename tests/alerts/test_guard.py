"""The alerter goes on after a mistake of its own, and every channel hears of it."""

from collections import deque

from hedge_strategy.alerts.delivery import ChannelThread, Deliveries, Patience
from hedge_strategy.alerts.guard import Guard
from hedge_strategy.clock import SystemClock
from tests.alerts.scene import RecordingSender
from tests.polling import wait_until


def test_what_breaks_a_round_is_said_once_and_so_is_its_end() -> None:
    sender = RecordingSender()
    channel = ChannelThread("ops", sender, 600, Patience(), SystemClock(), deque(maxlen=1).append)
    deliveries = Deliveries({"ops": channel})
    deliveries.start()
    guard = Guard(deliveries)
    try:
        for round_ in (lambda: None, lambda: 1 // 0, lambda: {}["x"], lambda: None, lambda: None):
            guard.keep(round_)  # type: ignore[arg-type]
        wait_until(lambda: len(sender.sent) == 2, "both messages")
        assert sender.titles == ["[CRITICAL] the alerter is broken", "[RESOLVED] the alerter is at work again"]
        assert "ZeroDivisionError" in sender.sent[0].body
    finally:
        channel.ask_to_stop()
