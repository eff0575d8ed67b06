"""Who is waited for, and when a command is obeyed."""

from hedge_strategy.console.obedience import is_obeyed, missing, obedience
from hedge_strategy.coordination.commands import Acknowledgement
from hedge_strategy.coordination.status_board import ProcessStatus

A = ProcessStatus("maker-1", {"role": "maker", "market": "BTC"})
B = ProcessStatus("hedger-1", {"role": "hedger", "market": "BTC"})
OTHER = ProcessStatus("maker-2", {"role": "maker", "market": "ETH"})


def said(who: str, role: str, *, is_done: bool = True) -> Acknowledgement:
    return Acknowledgement(who=who, at_ms=1, outcome="paused", is_done=is_done, role=role, market="BTC")


def test_who_lives_in_the_market_must_answer_and_others_need_not() -> None:
    lines = obedience((A, B, OTHER), (said("maker-1", "maker"),), "BTC")
    assert [(line.who, line.is_done, line.outcome) for line in lines] == [
        ("hedger-1", False, "has not answered"),
        ("maker-1", True, "paused"),
    ]
    assert not is_obeyed(lines)
    assert [line.who for line in obedience((A, OTHER), (), "*")] == ["maker-1", "maker-2"]


def test_who_has_nothing_to_obey_is_not_waited_for() -> None:
    alerter = ProcessStatus("alerter-1", {"role": "alerter", "state": "watching"})
    assert obedience((alerter,), (), "*") == ()


def test_an_answer_that_is_not_done_yet_is_waited_for() -> None:
    assert not is_obeyed(obedience((A,), (said("maker-1", "maker", is_done=False),), "BTC"))
    assert is_obeyed(obedience((A,), (said("maker-1", "maker"),), "BTC"))


def test_who_is_gone_without_an_answer_is_not_waited_for() -> None:
    assert is_obeyed(obedience((), (), "BTC"))
    assert [line.who for line in obedience((), (said("maker-1", "maker"),), "BTC")] == ["maker-1"]


def test_who_is_not_there_to_obey_is_named() -> None:
    assert missing((A, B), ("BTC",)) == ()
    assert missing((B, OTHER), ("BTC", "ETH")) == ("maker of BTC", "hedger of ETH")
