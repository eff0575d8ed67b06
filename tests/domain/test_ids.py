import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.domain.ids import (
    ATTEMPTS_PER_ORDER,
    MAKER_ORDERS_PER_SECOND_SLOT,
    HedgeIdentity,
    flatten_client_order_index,
    hedge_client_order_index,
    hedge_identity,
    is_flatten_client_order_index,
    is_maker_client_order_index,
    maker_client_order_index,
)

LARGEST = (1 << 47) - 1
ORDERS_PER_SIDE = (1 << 34) - 1
NOW_S = 1_761_297_780

ask_nonces = st.integers(min_value=1, max_value=ORDERS_PER_SIDE - 1)
bid_nonces = ask_nonces.map(lambda number: (1 << 48) - number)
attempts = st.integers(min_value=0, max_value=ATTEMPTS_PER_ORDER - 1)


@pytest.mark.parametrize("order_index", [844424539499239, 562950336807209])
@pytest.mark.parametrize("attempt", [0, 1, ATTEMPTS_PER_ORDER - 1])
def test_real_orders_of_the_venue_are_told_from_their_hedges_number(order_index: int, attempt: int) -> None:
    number = hedge_client_order_index(order_index, attempt)
    assert 1 <= number <= LARGEST
    assert hedge_identity(number, market_index=1) == HedgeIdentity(order_index, attempt)


@given(st.integers(min_value=0, max_value=254), st.one_of(ask_nonces, bid_nonces), attempts)
def test_every_hedge_number_reads_back_on_every_market(market_index: int, nonce: int, attempt: int) -> None:
    order_index = (market_index + 1) * (1 << 48) + nonce
    number = hedge_client_order_index(order_index, attempt)
    assert 1 <= number <= LARGEST
    assert hedge_identity(number, market_index) == HedgeIdentity(order_index, attempt)


@given(st.tuples(st.one_of(ask_nonces, bid_nonces), attempts), st.tuples(st.one_of(ask_nonces, bid_nonces), attempts))
def test_two_hedges_never_share_a_number(first: tuple[int, int], second: tuple[int, int]) -> None:
    same = hedge_client_order_index(*first) == hedge_client_order_index(*second)
    assert same is (first == second)


@given(st.integers(min_value=1, max_value=LARGEST))
def test_any_legal_number_reads_as_some_order(number: int) -> None:
    identity = hedge_identity(number, market_index=0)
    assert 0 <= identity.attempt < ATTEMPTS_PER_ORDER
    assert (1 << 48) <= identity.maker_order_index < (2 << 48)


@pytest.mark.parametrize("attempt", [-1, ATTEMPTS_PER_ORDER])
def test_an_attempt_beyond_the_bound_is_refused_not_wrapped(attempt: int) -> None:
    with pytest.raises(ValueError, match="attempt"):
        hedge_client_order_index(844424539499239, attempt)


@pytest.mark.parametrize("nonce", [1 << 34, (1 << 48) - (1 << 34), 1 << 47])
def test_an_order_beyond_what_can_be_encoded_is_refused_not_wrapped(nonce: int) -> None:
    with pytest.raises(ValueError, match="too far"):
        hedge_client_order_index((1 << 48) + nonce, 0)


@pytest.mark.parametrize("number", [0, -1, 1 << 47, 1 << 48])
def test_a_number_that_no_order_can_carry_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="client order index"):
        hedge_identity(number, 0)


def test_maker_numbers_differ_within_a_run_across_the_counters_wrap_and_between_runs() -> None:
    counters = [1, 2, MAKER_ORDERS_PER_SECOND_SLOT - 1, MAKER_ORDERS_PER_SECOND_SLOT, MAKER_ORDERS_PER_SECOND_SLOT + 1]
    numbers = [maker_client_order_index(NOW_S, 0, counter) for counter in counters]
    numbers += [maker_client_order_index(NOW_S + 2, 0, counter) for counter in counters]
    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers), "later orders carry larger numbers"
    assert all(1 <= number <= LARGEST for number in numbers)


def test_makers_of_one_account_in_several_markets_never_share_a_number_when_started_in_one_second() -> None:
    counters = range(1, 3 * MAKER_ORDERS_PER_SECOND_SLOT)
    runs = [{maker_client_order_index(NOW_S, market, counter) for counter in counters} for market in (0, 1, 2, 254)]
    assert len(set.union(*runs)) == sum(map(len, runs))


def test_a_clock_before_2025_is_refused() -> None:
    with pytest.raises(ValueError, match="2025"):
        maker_client_order_index(0, 0, 1)


def test_a_makers_numbers_are_told_from_those_of_runs_before_and_of_other_tools() -> None:
    number = maker_client_order_index(NOW_S, 1, 1)
    assert is_maker_client_order_index(number, since_s=NOW_S)
    assert is_maker_client_order_index(number, since_s=NOW_S - 60)
    assert not is_maker_client_order_index(number, since_s=NOW_S + 1)
    assert not is_maker_client_order_index(0, since_s=0)
    assert not is_maker_client_order_index(123_456_789 % (1 << 16), since_s=0)


@given(st.integers(min_value=NOW_S, max_value=NOW_S + (1 << 30)), st.integers(0, 254), st.integers(1, 1000))
def test_a_closing_orders_number_is_nobodys_hedge_and_no_makers_order(at_s: int, market: int, counter: int) -> None:
    number = flatten_client_order_index(at_s, market, counter)
    assert LARGEST < number < 1 << 48
    assert is_flatten_client_order_index(number)
    assert not is_maker_client_order_index(number, since_s=0)
    with pytest.raises(ValueError, match="client order index"):
        hedge_identity(number, market)
    assert not is_flatten_client_order_index(maker_client_order_index(at_s, market, counter))


def test_the_closing_orders_of_one_attempt_differ() -> None:
    assert len({flatten_client_order_index(NOW_S, 1, counter) for counter in range(1, 100)}) == 99
