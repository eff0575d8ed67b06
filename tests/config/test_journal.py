"""The trade journal's settings."""

import msgspec
import pytest

from hedge_strategy.config.journal import Journal


def test_it_is_a_file_beside_the_state_and_asks_little_unless_it_is_told() -> None:
    journal = Journal()
    assert (journal.url, journal.url_env) == (None, None)
    assert journal.requests_per_minute <= 10, "A and B live on the same limit"


def test_a_pause_of_nothing_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="poll_ms"):
        msgspec.convert({"poll_ms": 0}, Journal)
