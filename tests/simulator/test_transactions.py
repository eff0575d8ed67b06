"""Requests as the shell builds them."""

import pytest

from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.transactions import AccountSpec, Injection, TxType


def test_type_numbers_are_the_venues() -> None:
    assert {kind.name: int(kind) for kind in TxType} == {
        "CHANGE_KEY": 8,
        "CREATE_ORDER": 14,
        "CANCEL_ORDER": 15,
        "CANCEL_ALL": 16,
        "MODIFY_ORDER": 17,
        "UPDATE_LEVERAGE": 20,
        "UPDATE_MARGIN": 29,
    }


def test_a_fault_is_checked_when_it_is_made_not_when_it_strikes() -> None:
    assert Injection(refuse_code=Code.NOT_ENOUGH_MARGIN).refuse_code == 21739
    for bad in ({"refuse_code": 5}, {"fill_ppm": -1}, {"fill_ppm": 1_000_001}):
        with pytest.raises(ValueError):
            Injection(**bad)  # type: ignore[arg-type]


def test_specs_do_not_share_their_keys() -> None:
    assert AccountSpec().api_keys is not AccountSpec().api_keys
