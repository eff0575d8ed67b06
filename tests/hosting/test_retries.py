"""A market that failed is tried again, later each time, and never never."""

from hedge_strategy.hosting.retries import FORGOTTEN_AFTER_MS, LIMIT_PAUSE_MIN_MS, RETRY_MAX_MS, Retries


def test_each_failure_in_a_row_is_waited_out_twice_as_long_up_to_a_minute() -> None:
    retries = Retries()
    assert [retries.failed("BTC", 0) for _ in range(100)][:6] == [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]
    assert retries.failed("BTC", 0) == RETRY_MAX_MS
    assert retries.failed("ETH", 0) == 5_000, "each market by itself"


def test_it_may_be_tried_again_when_the_time_has_come() -> None:
    retries = Retries()
    assert (retries.may_try("BTC", 1_000), retries.wait_ms("BTC", 1_000)) == (True, 0)
    retries.failed("BTC", 1_000)
    assert (retries.may_try("BTC", 5_999), retries.wait_ms("BTC", 5_999)) == (False, 1)
    assert (retries.may_try("BTC", 6_000), retries.wait_ms("BTC", 6_000)) == (True, 0)
    assert retries.may_try("ETH", 5_999)


def test_what_failed_before_it_ran_for_some_minutes_counts_no_more() -> None:
    retries = Retries()
    for _ in range(9):
        retries.failed("BTC", 0, ran_ms=FORGOTTEN_AFTER_MS - 1)
    assert retries.failed("BTC", 0, ran_ms=FORGOTTEN_AFTER_MS) == 5_000
    assert retries.failed("BTC", 0) == 10_000


def test_one_that_ended_as_it_should_begins_anew() -> None:
    retries = Retries()
    retries.failed("BTC", 0)
    retries.forget("BTC")
    assert retries.may_try("BTC", 1)
    assert retries.failed("BTC", 0) == 5_000


def test_what_the_limit_of_requests_held_back_is_tried_again_when_the_venue_says_and_has_not_failed() -> None:
    retries = Retries()
    assert retries.failed("BTC", 0, retry_after_ms=700) == 700
    assert retries.failed("BTC", 0, retry_after_ms=0) == LIMIT_PAUSE_MIN_MS
    assert retries.failed("BTC", 0, retry_after_ms=10**9) == RETRY_MAX_MS
    assert retries.failed("BTC", 0) == 5_000
