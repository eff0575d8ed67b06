"""What the evidence proves, and the one next step where it proves nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from hedge_strategy.domain.order import (
    Accepted,
    OrderReport,
    OrderStatus,
    Outcome,
    Rejected,
    Side,
    SignedTransaction,
    TransactionReport,
    TransactionStatus,
    Unknown,
)
from hedge_strategy.hedger.resolution import (
    EXPIRY_MARGIN_MS,
    LAG_MS,
    LOOK_UP_INTERVAL_MS,
    REPORT_BEHIND_MS,
    REPORT_GRACE_MS,
    TRACELESS_MS,
    Evidence,
    Step,
    next_step,
)

SENT_MS = 1_000_000
EXPIRES_MS = SENT_MS + 600_000
BYTES = SignedTransaction(14, "p", "0xa", 10, 4, EXPIRES_MS, 77)
KILLER = SignedTransaction(16, "k", "0xb", 10, 4, EXPIRES_MS)
FINAL = OrderReport(
    8, 1, 9, 77, Side.SELL, Decimal(1), Decimal(1), Decimal(0), Decimal(0), OrderStatus.CANCELED, "canceled", 0
)


def _evidence(*, is_recovered: bool = False, is_own_lane: bool = True, most_sends: int = 2) -> Evidence:
    return Evidence(BYTES, SENT_MS, 3_000, most_sends, is_recovered, is_own_lane)


def _step(evidence: Evidence, after_ms: int) -> Step:
    return next_step(evidence, SENT_MS + after_ms).step


def _look(evidence: Evidence, after_ms: int, nonce: int | None) -> None:
    evidence.looking_up(SENT_MS + after_ms)
    evidence.looked_up(nonce)


def _told(status: TransactionStatus, transaction: SignedTransaction = BYTES) -> TransactionReport:
    return TransactionReport(transaction.hash, status, 10, 4, "")


def test_a_final_report_is_executed_even_with_nothing_filled_and_an_open_one_is_not() -> None:
    evidence = _evidence()
    evidence.reported(replace(FINAL, status=OrderStatus.OPEN))
    assert _step(evidence, 1) is Step.WAIT
    evidence.reported(FINAL)
    assert _step(evidence, 1) is Step.EXECUTED


def test_a_refusal_for_too_many_requests_leads_to_the_same_bytes_again_and_never_to_others() -> None:
    evidence = _evidence()
    evidence.answered(Rejected(23000, "Too Many Requests!", is_proof=False))
    assert _step(evidence, 1_000) is Step.LOOK_UP
    _look(evidence, 1_001, nonce=10)
    assert _step(evidence, 2_002) is Step.SEND_AGAIN
    evidence.sent_again(SENT_MS + 2_002)
    evidence.answered(Rejected(21104, "nonce", is_nonce=True))
    assert _step(evidence, 3_100) is Step.LOOK_UP, "it has run after all: only the venue's records say how much"


@pytest.mark.parametrize("outcome", [Rejected(21702, "price"), Rejected(21104, "nonce", is_nonce=True)])
def test_a_refusal_kills_on_the_first_sending_only(outcome: Rejected) -> None:
    first = _evidence()
    first.answered(outcome)
    assert _step(first, 1) is Step.DEAD
    second = _evidence()
    second.sent_again(SENT_MS + 1)
    second.answered(outcome)
    assert _step(second, 2) is not Step.DEAD
    recovered = _evidence(is_recovered=True)
    recovered.answered(outcome)
    assert _step(recovered, 1) is not Step.DEAD
    accepted = _evidence()
    accepted.answered(Accepted(SENT_MS))
    accepted.answered(outcome)
    assert _step(accepted, 1) is not Step.DEAD


def test_reports_of_the_transaction_or_of_its_killer() -> None:
    evidence = _evidence()
    evidence.transaction_seen(_told(TransactionStatus.FAILED), SENT_MS)
    assert _step(evidence, 1) is Step.DEAD
    killed = _evidence()
    killed.transaction_seen(_told(TransactionStatus.EXECUTED, KILLER), SENT_MS)
    assert _step(killed, 1) is Step.WAIT, "not our killer"
    killed.killing(KILLER, SENT_MS + 1)
    killed.transaction_seen(_told(TransactionStatus.EXECUTED, KILLER), SENT_MS)
    assert _step(killed, 2) is Step.DEAD
    run = _evidence()
    run.transaction_seen(_told(TransactionStatus.EXECUTED), SENT_MS)
    run.transaction_seen(_told(TransactionStatus.PENDING), SENT_MS)
    assert run.status is TransactionStatus.EXECUTED


def test_an_order_is_looked_up_where_its_report_does_not_come_right_behind_that_of_its_transaction() -> None:
    evidence = _evidence()
    evidence.answered(Accepted(SENT_MS))
    evidence.transaction_seen(_told(TransactionStatus.EXECUTED), SENT_MS + 5)
    assert _step(evidence, 5 + REPORT_BEHIND_MS - 1) is Step.WAIT
    evidence.transaction_seen(_told(TransactionStatus.EXECUTED), SENT_MS + 50)
    assert _step(evidence, 5 + REPORT_BEHIND_MS) is Step.LOOK_UP, "told again is no reason to wait longer"


@pytest.mark.parametrize(
    ("outcome", "due_ms"),
    [(None, 3_000), (Accepted(SENT_MS + 500), 500 + REPORT_GRACE_MS), (Unknown("cut"), 0)],
)
def test_what_is_overdue_is_looked_up_once_at_a_time(outcome: Outcome | None, due_ms: int) -> None:
    evidence = _evidence()
    if outcome is not None:
        evidence.answered(outcome)
    if due_ms:
        assert _step(evidence, due_ms - 1) is Step.WAIT
    assert _step(evidence, due_ms) is Step.LOOK_UP
    evidence.looking_up(SENT_MS + due_ms)
    assert _step(evidence, due_ms + 60_000) is Step.WAIT


def test_without_a_trace_the_same_bytes_go_again_then_a_killer_then_a_person_is_told() -> None:
    evidence = _evidence(most_sends=2)
    evidence.answered(Unknown("cut"))
    _look(evidence, 100, 10)
    assert _step(evidence, 100 + LOOK_UP_INTERVAL_MS) is Step.SEND_AGAIN
    evidence.sent_again(SENT_MS + 1_200)
    evidence.answered(Unknown("cut"))
    assert _step(evidence, 2_300) is Step.LOOK_UP, "looked at again before anything else is done"
    _look(evidence, 2_300, 10)
    evidence.kill_after_ms = SENT_MS + 5_000
    assert _step(evidence, 4_000) is Step.LOOK_UP
    assert _step(evidence, 5_000) is Step.KILL
    evidence.killing(KILLER, SENT_MS + 5_000)
    _look(evidence, 6_100, 10)
    assert _step(evidence, 7_100) is Step.LOOK_UP
    _look(evidence, 5_000 + LAG_MS, 10)
    assert _step(evidence, 5_000 + LAG_MS + LOOK_UP_INTERVAL_MS) is Step.GIVE_UP


def test_an_accepted_one_is_not_killed_before_history_can_have_shown_it() -> None:
    evidence = _evidence()
    evidence.answered(Accepted(SENT_MS))
    _look(evidence, 2_000, 10)
    assert _step(evidence, LAG_MS) is Step.LOOK_UP
    assert _step(evidence, LAG_MS + 1) is Step.KILL


def test_what_has_expired_for_sure_is_not_killed_since_it_would_stand_in_the_next_hedges_way() -> None:
    proven_ms = 600_000 + EXPIRY_MARGIN_MS + LAG_MS
    evidence = _evidence(most_sends=1)
    evidence.answered(Unknown("cut"))
    _look(evidence, proven_ms - 1_000, 10)
    assert _step(evidence, proven_ms) is Step.KILL
    assert _step(evidence, proven_ms + 1) is Step.LOOK_UP


def test_a_counter_that_is_told_as_it_was_before_does_not_make_a_used_nonce_unused() -> None:
    """It was told as used once; a later answer that is older proves nothing."""
    evidence = _evidence(most_sends=1)
    evidence.answered(Accepted(SENT_MS))
    _look(evidence, 2_000, 11)
    after_ms = 600_000 + EXPIRY_MARGIN_MS + LAG_MS + 1
    _look(evidence, after_ms, 10)
    assert _step(evidence, after_ms + 1) is not Step.DEAD


def test_a_used_nonce_is_never_killed_or_sent_again() -> None:
    evidence = _evidence()
    evidence.answered(Unknown("cut"))
    _look(evidence, 100, 11)
    assert _step(evidence, 2_000) is Step.LOOK_UP
    assert _step(evidence, 2 * LAG_MS + 1) is Step.LOOK_UP, "nothing was learnt since records can lag no more"
    _look(evidence, 2 * LAG_MS + 1, 11)
    assert _step(evidence, 2 * LAG_MS + 1 + LOOK_UP_INTERVAL_MS) is Step.COUNT


def test_expiry_kills_only_what_a_later_successful_look_up_has_not_found() -> None:
    evidence = _evidence()
    evidence.answered(Accepted(SENT_MS))
    evidence.killing(KILLER, SENT_MS + 30_000)
    _look(evidence, 599_000, 10)
    after_ms = 600_000 + EXPIRY_MARGIN_MS + LAG_MS + 1
    assert _step(evidence, after_ms) is not Step.DEAD, "it was looked up before it expired"
    _look(evidence, after_ms, None)
    assert _step(evidence, after_ms + 1) is not Step.DEAD, "that look-up learnt nothing"
    _look(evidence, after_ms, 10)
    assert _step(evidence, after_ms + 1) is Step.DEAD
    evidence.transaction_seen(_told(TransactionStatus.PENDING), SENT_MS)
    assert _step(evidence, after_ms + 1) is not Step.DEAD, "nobody has said how the venue tells of what expired waiting"


def test_where_the_counter_is_another_lanes_expiry_kills_later() -> None:
    evidence = _evidence(is_recovered=True, is_own_lane=False)
    _look(evidence, 600_000 + EXPIRY_MARGIN_MS + LAG_MS + 1, 3)
    assert _step(evidence, 600_000 + EXPIRY_MARGIN_MS + LAG_MS + 2) is not Step.DEAD
    _look(evidence, 600_000 + TRACELESS_MS + 1, 3)
    assert _step(evidence, 600_000 + TRACELESS_MS + 2) is Step.DEAD


def test_a_counter_that_has_passed_it_is_never_followed_by_its_death_but_by_a_count() -> None:
    """One key has one transaction out: it has run, or its killer, and the trades are told for longer than the rest."""
    evidence = _evidence(is_recovered=True)
    after_ms = 600_000 + TRACELESS_MS + 1
    _look(evidence, after_ms, 11)
    assert _step(evidence, after_ms + LOOK_UP_INTERVAL_MS) is Step.COUNT


def test_what_has_run_has_run_whatever_is_told_later() -> None:
    evidence = _evidence()
    evidence.sent_again(SENT_MS + 1_000)
    evidence.transaction_seen(_told(TransactionStatus.EXECUTED), SENT_MS + 1_100)
    evidence.transaction_seen(_told(TransactionStatus.FAILED), SENT_MS + 1_200)
    after_ms = 600_000 + TRACELESS_MS + 1
    _look(evidence, after_ms, 10)
    assert _step(evidence, after_ms + 1) is not Step.DEAD


def test_what_still_waits_is_killed_after_its_expiry_and_dead_a_minute_after_it() -> None:
    evidence = _evidence(most_sends=1)
    evidence.transaction_seen(_told(TransactionStatus.PENDING), SENT_MS)
    after_ms = 600_000 + EXPIRY_MARGIN_MS + LAG_MS + 1
    _look(evidence, after_ms, 10)
    assert _step(evidence, after_ms + LOOK_UP_INTERVAL_MS) is Step.KILL
    _look(evidence, 600_000 + TRACELESS_MS + 1, 10)
    assert _step(evidence, 600_000 + TRACELESS_MS + 2) is Step.DEAD


@pytest.mark.parametrize("is_over", [False, True])
def test_a_person_is_told_where_no_look_up_is_answered_and_once(is_over: bool) -> None:
    begin_ms = 600_000 + TRACELESS_MS + 1 if is_over else 0
    evidence = Evidence(BYTES, SENT_MS + begin_ms, 3_000, 1, is_recovered=True)
    for after_ms in range(begin_ms, begin_ms + 2 * LAG_MS, LOOK_UP_INTERVAL_MS):
        assert _step(evidence, after_ms) is not Step.GIVE_UP
        _look(evidence, after_ms, None)
    late_ms = begin_ms + 2 * LAG_MS + LOOK_UP_INTERVAL_MS
    evidence.kill_after_ms = SENT_MS + 2 * late_ms
    assert _step(evidence, late_ms) is Step.GIVE_UP
    evidence.given_up_for = "told"
    assert _step(evidence, late_ms) is Step.LOOK_UP


def test_another_lane_is_never_killed_on_ours_but_its_bytes_are_sent_again() -> None:
    evidence = _evidence(is_recovered=True, is_own_lane=False, most_sends=2)
    _look(evidence, 100, 50)
    assert not evidence.nonce_was_used
    assert _step(evidence, 1_200) is Step.SEND_AGAIN
    evidence.sent_again(SENT_MS + 1_200)
    evidence.answered(Unknown("cut"))
    for after_ms in range(2_000, 600_000, 7_000):
        _look(evidence, after_ms, 50)
        assert _step(evidence, after_ms + 1_000) is Step.LOOK_UP


def test_what_could_not_leave_goes_out_later_and_dies_unsent_when_it_expires() -> None:
    evidence = _evidence()
    evidence.not_sent(SENT_MS + 500)
    assert _step(evidence, 499) is Step.WAIT
    assert _step(evidence, 500) is Step.SEND_AGAIN
    assert _step(evidence, 600_000) is Step.DEAD
    evidence.sent_again(SENT_MS + 500)
    evidence.answered(Rejected(21702, "price"))
    assert _step(evidence, 501) is Step.DEAD, "that was its very first sending"


def test_a_resend_that_could_not_leave_is_no_sending() -> None:
    evidence = _evidence(most_sends=3)
    evidence.answered(Unknown("cut"))
    evidence.sent_again(SENT_MS + 1_000)
    evidence.sent_again(SENT_MS + 2_000)
    evidence.not_sent(SENT_MS + 5_000)
    assert _step(evidence, 4_999) is Step.WAIT
    assert _step(evidence, 5_000) is Step.SEND_AGAIN
    evidence.answered(Rejected(21104, "nonce", is_nonce=True))
    assert _step(evidence, 4_000) is not Step.DEAD, "two sendings have left"


@pytest.mark.parametrize("is_recovered", [False, True])
def test_a_failure_proves_nothing_of_bytes_that_left_more_than_once(is_recovered: bool) -> None:
    evidence = _evidence(is_recovered=is_recovered)
    if not is_recovered:
        evidence.sent_again(SENT_MS)
    evidence.transaction_seen(_told(TransactionStatus.FAILED), SENT_MS)
    assert _step(evidence, LOOK_UP_INTERVAL_MS) is Step.LOOK_UP
    _look(evidence, LOOK_UP_INTERVAL_MS, 10)
    assert _step(evidence, 2 * LOOK_UP_INTERVAL_MS) is Step.KILL, "another sending may have been accepted"
    evidence.killing(KILLER, SENT_MS + 2 * LOOK_UP_INTERVAL_MS)
    evidence.transaction_seen(_told(TransactionStatus.EXECUTED, KILLER), SENT_MS)
    assert _step(evidence, 3 * LOOK_UP_INTERVAL_MS) is Step.DEAD


def test_bytes_of_another_lane_that_failed_die_when_they_expire() -> None:
    evidence = _evidence(is_recovered=True, is_own_lane=False)
    evidence.transaction_seen(_told(TransactionStatus.FAILED), SENT_MS)
    _look(evidence, LOOK_UP_INTERVAL_MS, 10)
    assert _step(evidence, 2 * LOOK_UP_INTERVAL_MS) is Step.LOOK_UP
    after_ms = EXPIRES_MS - SENT_MS + TRACELESS_MS + 1
    _look(evidence, after_ms, 10)
    assert _step(evidence, after_ms) is Step.DEAD


def _ran(error: str) -> Evidence:
    evidence = _evidence()
    evidence.answered(Accepted(SENT_MS))
    evidence.transaction_seen(replace(_told(TransactionStatus.EXECUTED), error=error), SENT_MS)
    return evidence


def test_what_ran_with_an_error_of_the_application_is_dead_once_no_order_can_be_hidden_any_more() -> None:
    """Such as a client order index that is taken: the nonce is used, an order never was (venue fact sheet 2.4, 2.6)."""
    evidence = _ran("client order index already exists")
    _look(evidence, 2 * LAG_MS, nonce=11)
    assert _step(evidence, 2 * LAG_MS + LOOK_UP_INTERVAL_MS) is Step.LOOK_UP, "the error alone proves nothing"
    _look(evidence, 2 * LAG_MS + LOOK_UP_INTERVAL_MS, nonce=11)
    verdict = next_step(evidence, SENT_MS + 2 * LAG_MS + 2 * LOOK_UP_INTERVAL_MS)
    assert (verdict.step, verdict.reason) == (Step.DEAD, "ran without effect: client order index already exists")


def test_what_ran_with_an_error_but_shows_an_order_did_what_the_order_says() -> None:
    evidence = _ran("whatever")
    evidence.reported(FINAL)
    assert _step(evidence, 5 * LAG_MS) is Step.EXECUTED


def test_what_ran_without_an_error_and_shows_no_order_is_told_by_the_trades() -> None:
    evidence = _ran("")
    _look(evidence, 3 * LAG_MS, nonce=11)
    assert _step(evidence, 3 * LAG_MS + LOOK_UP_INTERVAL_MS) is Step.COUNT
