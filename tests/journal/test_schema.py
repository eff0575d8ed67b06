"""The tables: money is exact whatever its length, every table has a natural key, nothing is a float."""

from decimal import Decimal

import pytest
from sqlalchemy import Float, Numeric, select

from hedge_strategy.journal.schema import FUNDING, METADATA
from hedge_strategy.journal.store import insert_new, memory_store


def test_no_column_is_a_float() -> None:
    for table in METADATA.sorted_tables:
        assert not [column.name for column in table.c if isinstance(column.type, Float | Numeric)], table.name


def test_every_table_has_a_key_that_nobody_made_up() -> None:
    for table in METADATA.sorted_tables:
        assert table.primary_key.columns, table.name
        assert all(column.autoincrement is not True for column in table.primary_key)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0.000001", "0.000001"),
        ("-0.000000", "0.000000"),
        ("1E+3", "1000"),
        ("123456789012345678901234567890.123456789012345678", "123456789012345678901234567890.123456789012345678"),
        ("0.10", "0.10"),
    ],
)
def test_a_number_comes_back_digit_by_digit(given: str, kept: str) -> None:
    store = memory_store()
    row = {"venue": "v", "account_index": 1, "market_index": 0, "funding_id": 1, "rate": Decimal(0), "paid_at_ms": 1}
    with store.writing() as connection:
        insert_new(connection, FUNDING, [{**row, "amount": Decimal(given), "position": Decimal(0)}])
    with store.reading() as connection:
        assert str(connection.execute(select(FUNDING.c.amount)).scalar_one()) == kept
