"""Equal is equal byte by byte: a zero more at the end is a difference, and is shown."""

from decimal import Decimal

from hedge_strategy.journal.comparison import DIFFERENCES_SHOWN, compare
from hedge_strategy.journal.schema import FUNDING
from hedge_strategy.journal.store import Store, insert_new, memory_store

PLACE = {"venue": "v", "account_index": 1, "market_index": 0}


def journal_of(**amounts: str) -> Store:
    store = memory_store()
    with store.writing() as connection:
        rows = [
            {
                **PLACE,
                "funding_id": int(name[1:]),
                "amount": Decimal(amount),
                "rate": 0,
                "position": 0,
                "paid_at_ms": 10,
            }
            for name, amount in amounts.items()
        ]
        insert_new(connection, FUNDING, [{**row, "rate": Decimal(0), "position": Decimal(0)} for row in rows])
    return store


def test_equal_journals() -> None:
    found = compare(journal_of(n1="1.0", n2="2"), journal_of(n2="2", n1="1.0"), 10)
    assert found.are_equal
    assert found.rows["funding"] == 2


def test_a_zero_more_is_a_difference() -> None:
    found = compare(journal_of(n1="1.0"), journal_of(n1="1.00"), 10)
    assert found.count == 1
    assert "1.0 0 0 10, anew" in found.differences[0]
    assert "1.00" in found.differences[0]


def test_rows_that_one_of_them_has_alone_are_found_on_either_side() -> None:
    found = compare(journal_of(n1="1", n3="3"), journal_of(n2="2", n3="3", n4="4"), 10)
    assert [difference.count("nothing") for difference in found.differences] == [1, 1, 1]
    assert found.rows["funding"] == 4


def test_what_is_too_new_is_left_out() -> None:
    assert compare(journal_of(n1="1"), journal_of(n1="2"), 9).are_equal


def test_many_differences_are_counted_and_some_are_shown() -> None:
    found = compare(journal_of(**{f"n{number}": "1" for number in range(1, 60)}), journal_of(), 10)
    assert (found.count, len(found.differences)) == (59, DIFFERENCES_SHOWN)
