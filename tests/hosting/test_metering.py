"""What the metrics of A and B say alike: an answer's word, and what is left of the venue's limits by account."""

import pytest

from hedge_strategy.domain.order import Accepted, Outcome, Rejected, Unknown
from hedge_strategy.hosting.metering import put_requests_left, word_of
from tests.metrics.reading import Reader


@pytest.mark.parametrize(
    ("outcome", "word"),
    [(Accepted(1), "accepted"), (Rejected(21_104, "no", is_nonce=True), "rejected"), (Unknown("no answer"), "unknown")],
)
def test_no_answer_is_neither_yes_nor_no(outcome: Outcome, word: str) -> None:
    assert word_of(outcome) == word


def test_sends_and_reads_are_told_apart_by_account() -> None:
    reader = Reader("hedger")
    put_requests_left(reader.tally.numbers, {"account_index": 7, "sends_left": 40, "reads_left": 3})
    assert reader.read()["hedge_venue_requests_left"] == {("7", "sends"): 40, ("7", "reads"): 3}
