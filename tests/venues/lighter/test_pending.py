"""Every send gets one outcome, and no answer is ever laid on the wrong send."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.domain.order import Accepted, Rejected, SignedTransaction, Unknown
from hedge_strategy.venues.lighter.answers import SendAck
from hedge_strategy.venues.lighter.pending import COPY_SPAN_MS, PendingSends


def signed(nonce: int, key_index: int = 4) -> SignedTransaction:
    return SignedTransaction(14, "{}", f"hash{nonce}", nonce, key_index, 1)


def outstanding(count: int) -> tuple[PendingSends, list[str]]:
    pending = PendingSends(most=10)
    references = [reference for nonce in range(count) if (reference := pending.add(signed(nonce), nonce)) is not None]
    assert len(references) == count
    return pending, references


def test_an_answer_is_paired_by_our_reference_then_by_hash() -> None:
    pending, references = outstanding(3)
    assert pending.answer(SendAck(references[2], "", Accepted(9)), 10) == (signed(2), Accepted(9))
    assert pending.answer(SendAck("", "hash0", Accepted(8)), 10) == (signed(0), Accepted(8))
    assert pending.answer(SendAck("", "hash0", Accepted(8)), 10) is None, "a copy of an answer changes nothing"
    assert len(pending) == 1
    assert pending.answer(SendAck("the venue's own", "hash1", Accepted(7)), 10) == (signed(1), Accepted(7))


def test_no_more_than_the_bound_are_outstanding() -> None:
    pending, references = outstanding(10)
    assert pending.add(signed(11), 0) is None
    other = pending.add(signed(12, key_index=5), 0)
    assert other is not None, "a market without answers keeps no other from sending"
    assert pending.withdraw(references[0])
    assert pending.add(signed(11), 0) is not None


def test_a_bare_refusal_is_the_only_ones() -> None:
    pending, _ = outstanding(1)
    assert pending.bare_error(21702, "bad price", 10) == (signed(0), Rejected(21702, "bad price"))


@pytest.mark.parametrize("code", [0, 500, 29500, 29501, 30009, 30010, 30001, 23001, 12345])
def test_a_code_that_does_not_speak_of_a_transaction_refuses_none(code: int) -> None:
    pending, _ = outstanding(1)
    assert pending.bare_error(code, "", 10) is None
    assert len(pending) == 1


def test_a_bare_refusal_is_laid_on_none_where_two_could_be_meant() -> None:
    pending, _ = outstanding(2)
    assert pending.bare_error(21702, "", 10) is None
    assert len(pending) == 2


def test_a_bare_refusal_of_a_send_given_up_is_not_laid_on_the_next() -> None:
    pending, _ = outstanding(1)
    assert pending.give_up_before(5_000) == [(signed(0), Unknown("no answer in time"))]
    pending.add(signed(1), 5_001)
    assert pending.bare_error(21104, "late", 5_002) is None
    pending.connection_lost("cut")
    pending.add(signed(2), 6_000)
    assert pending.bare_error(21702, "", 9_000) == (signed(2), Rejected(21702, "")), "a new connection is clean"


def test_a_copy_of_a_bare_refusal_is_not_laid_on_the_next() -> None:
    pending, _ = outstanding(1)
    assert pending.bare_error(21702, "", 10) is not None
    pending.add(signed(1), 11)
    assert pending.bare_error(21702, "", 12) is None
    assert pending.bare_error(21702, "", 13 + COPY_SPAN_MS) is not None


def test_a_send_that_was_not_written_is_forgotten_once() -> None:
    pending, (reference,) = outstanding(1)
    assert pending.withdraw(reference)
    assert not pending.withdraw(reference)
    assert pending.connection_lost("cut") == []


@given(st.integers(0, 2**32))
def test_every_send_ends_exactly_once(seed: int) -> None:
    draw = random.Random(seed)
    pending, ended, added, references = PendingSends(most=5), [], 0, []
    for now_ms in range(60):
        roll = draw.random()
        if roll < 0.5:
            if (reference := pending.add(signed(added), now_ms)) is not None:
                references.append(reference)
                added += 1
        elif roll < 0.7 and references:
            ack = SendAck(draw.choice(references), "", Accepted(1))
            ended += [found] if (found := pending.answer(ack, now_ms)) else []
        elif roll < 0.8:
            ended += [found] if (found := pending.bare_error(21104, "", now_ms)) else []
        elif roll < 0.9:
            ended += pending.give_up_before(now_ms - 10)
        else:
            ended += pending.connection_lost("cut")
    ended += pending.connection_lost("end")
    assert sorted(transaction.nonce for transaction, _ in ended) == list(range(added))
