"""Questions are values: two that ask the same are the same."""

from hedge_strategy.coordination.commands import asking_standing
from hedge_strategy.coordination.ledger_restore import asking_marker
from hedge_strategy.coordination.ledger_rows import asking_totals
from hedge_strategy.coordination.questions import Question


def test_what_asks_for_a_market_names_a_key_of_that_market() -> None:
    assert asking_totals("BTC") == asking_totals("BTC") != asking_totals("ETH")
    for question in (asking_totals("BTC"), asking_marker("BTC")):
        assert question.key.startswith("hedge:{BTC}:")
        assert question.command[1] == question.key
    assert asking_standing(["BTC", "ETH"]) == Question(
        "hedge:{commands}:standing", ("HMGET", "hedge:{commands}:standing", "BTC", "ETH", "*")
    )
