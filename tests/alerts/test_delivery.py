"""Deliveries: no channel waits for another, nobody who hands over waits, and everything comes to an end."""

import threading
from collections import deque
from collections.abc import Callable

from hedge_strategy.alerts.channel import AppriseChannel, Message
from hedge_strategy.alerts.delivery import QUEUE_MAX, ChannelThread, Deliveries, Outcome, Patience
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.secret import Secret
from tests.alerts.listener import hanging, listening
from tests.alerts.scene import RecordingSender, SetClock
from tests.polling import wait_until

CLOCK = SystemClock()


def message(number: int = 0) -> Message:
    return Message(f"message {number}", "words")


def thread_of(
    sender: object, told: Callable[[Outcome], None], *, per_minute: int = 600, patience: Patience | None = None
) -> ChannelThread:
    return ChannelThread("ops", sender, per_minute, patience or Patience(60, 0.01), CLOCK, told)  # type: ignore[arg-type]


def test_a_channel_that_hangs_on_a_real_socket_delays_no_other() -> None:
    outcomes: deque[Outcome] = deque()
    with hanging() as silent, listening() as service:
        senders = {name: AppriseChannel(Secret(f"json://127.0.0.1:{port}"), 30.0, name) for name, port in
                   (("stuck", silent), ("ops", service.port))}  # fmt: skip
        patience = {"stuck": Patience(0.3, 0.05), "ops": Patience(60, 0.05)}
        threads = {
            name: ChannelThread(name, sender, 600, patience[name], CLOCK, outcomes.append)
            for name, sender in senders.items()
        }
        deliveries = Deliveries(threads, outcomes)
        deliveries.start()
        began_ns = CLOCK.monotonic_ns()
        for number in range(5):
            deliveries.hand_over(("stuck", "ops"), f"{number}", message(number))
        assert CLOCK.monotonic_ns() - began_ns < 200e6, "handing over waits for nobody"
        wait_until(lambda: len(service.bodies) == 5, "the other channel's messages", deadline_s=5)
        found: list[Outcome] = []
        wait_until(lambda: (found.extend(deliveries.sweep()), len(found) == 10)[1], "all outcomes")
        assert {one.about for one in found if one.channel == "ops" and not one.problem} == set("01234")
        assert {one.about for one in found if one.channel == "stuck" and "not taken" in one.problem} == set("01234")
        deliveries.stop(0.1, CLOCK)


def test_a_message_is_tried_again_until_it_is_taken() -> None:
    outcomes: deque[Outcome] = deque()
    sender = RecordingSender("not now")
    thread = thread_of(sender, outcomes.append)
    thread.start()
    thread.hand_over("x", message())
    wait_until(lambda: len(sender.sent) >= 3, "some attempts")
    sender.problem = ""
    assert wait_until(lambda: list(outcomes), "the outcome") == [Outcome("x", "ops")]
    thread.ask_to_stop()


def test_a_mistake_in_a_sender_ends_its_message_and_not_its_channel() -> None:
    class Broken(RecordingSender):
        def send(self, one: Message) -> str:
            super().send(one)
            if len(self.sent) == 1:
                raise ValueError("with a secret in its text")
            return ""

    outcomes: deque[Outcome] = deque()
    thread = thread_of(Broken(), outcomes.append)
    thread.start()
    thread.hand_over("x", message())
    thread.hand_over("y", message())
    wait_until(lambda: len(outcomes) == 2, "both outcomes")
    assert list(outcomes) == [Outcome("x", "ops", "a mistake in the sender: ValueError"), Outcome("y", "ops")]
    thread.ask_to_stop()


def test_more_than_a_channel_takes_is_said_in_one_message() -> None:
    outcomes: deque[Outcome] = deque()
    clock, sender = SetClock(), RecordingSender()
    thread = ChannelThread("ops", sender, 2, Patience(600, 0.01), clock, outcomes.append)
    for number in range(2):
        thread.hand_over(f"{number}", message(number))
    thread.start()
    wait_until(lambda: len(outcomes) == 2, "the first two")
    clock.now_ms += 59_990  # the minute is over in 10 ms
    for number in range(2, 7):
        thread.hand_over(f"{number}", message(number))
    clock.now_ms += 5
    wait_until(lambda: len(outcomes) == 7, "all of them")
    assert len(sender.sent) < 7
    assert "messages in one" in sender.sent[-1].title
    assert "message 6" in sender.sent[-1].body
    assert all(not one.problem for one in outcomes)
    thread.ask_to_stop()


def test_the_queue_is_bounded_and_the_oldest_is_given_up() -> None:
    outcomes: deque[Outcome] = deque()
    thread = thread_of(RecordingSender(), outcomes.append)
    for number in range(QUEUE_MAX + 3):
        thread.hand_over(f"{number}", message(number))
    assert [one.about for one in outcomes] == ["0", "1", "2"]
    assert all("wait" in one.problem for one in outcomes)


def test_at_the_end_what_waits_goes_out_and_one_that_hangs_is_left_behind() -> None:
    let_go = threading.Event()

    class Slow(RecordingSender):
        def send(self, one: Message) -> str:
            let_go.wait(30)
            return super().send(one)

    outcomes: deque[Outcome] = deque()
    quick = RecordingSender()
    threads = {"slow": thread_of(Slow(), outcomes.append), "quick": thread_of(quick, outcomes.append)}
    deliveries = Deliveries(threads, outcomes)
    deliveries.start()
    deliveries.hand_over(("slow", "quick"), "x", message())
    deliveries.stop(0.2, CLOCK)
    assert len(quick.sent) == 1
    let_go.set()
