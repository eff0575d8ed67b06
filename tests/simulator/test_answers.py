import json

import pytest

from hedge_strategy.simulator.answers import (
    RequestRefused,
    answer,
    auth_refused,
    good,
    integer_of,
    limit_of,
    market_of,
    rate_limited,
    refused,
    required_integer,
    required_text,
    text_of,
    unavailable,
)


def test_numbers_come_as_text_and_may_be_absent() -> None:
    values = {"a": "12", "b": "-3", "c": "", "market_id": "255", "limit": "7"}
    assert (integer_of(values, "a"), integer_of(values, "b"), integer_of(values, "c")) == (12, -3, None)
    assert (required_integer(values, "a"), required_text(values, "a"), text_of(values, "z")) == (12, "12", None)
    assert (market_of(values), market_of({"market_id": "0"}), market_of({})) == (None, 0, None)
    assert (limit_of(values, 10), limit_of({}, 10, 5)) == (7, 5)


@pytest.mark.parametrize("text", ["x", "1.5", "--1", "٣", "1e3", "9" * 20])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(RequestRefused, match="not an integer"):
        integer_of({"a": text}, "a")


@pytest.mark.parametrize("limit", ["0", "11", "-1", ""])
def test_a_limit_out_of_range_is_refused(limit: str) -> None:
    with pytest.raises(RequestRefused, match="limit must be from 1 to 10"):
        limit_of({"limit": limit}, 10)


def test_answers_are_json_with_a_code_and_errors_have_their_status() -> None:
    assert json.loads(good({"a": 1}).body) == {"code": 200, "a": 1}  # type: ignore[arg-type]
    assert answer({}, 404).status == 404
    error = refused(RequestRefused(21500, "transaction not found"))
    assert (error.status, error.content_type) == (400, "application/json")
    assert json.loads(error.body) == {"code": 21500, "message": "transaction not found"}  # type: ignore[arg-type]
    assert refused(auth_refused("no")).status == 401
    assert (rate_limited().status, unavailable().status, unavailable().content_type) == (429, 503, "text/html")
