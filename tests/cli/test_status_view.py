"""What `hedge status` prints of a report."""

from io import StringIO

from rich.console import Console

from hedge_strategy.cli.status_view import view
from hedge_strategy.console.report import Held, MarketStatus, Report, Today

MARKET = MarketStatus(
    market="BTC",
    ok=False,
    maker={"state": "quoting", "reason": "", "self_trades": "by-price", "last_fill": {"side": "buy", "filled": "0.5"}},
    hedger={"state": "paused", "reason": "3 attempts came to nothing"},
    standby=(),
    lease={"owner": "hedger-here", "lane": 4, "fencing": 1, "remaining_ms": 900},
    unhedged_lots=50,
    in_flight_lots=0,
    command={"id": "1", "action": "pause", "reason": "lunch", "sent_by": ""},
    problems=("B is paused: 3 attempts came to nothing",),
    unhedged_for_ms=2_500,
    positions={"A": Held(size="0.5", told_by="A", age_ms=1_200), "B": None},
    today=Today(fills=3, hedges=2, volume="1234.5", fees="0.12", result="-0.34", read_at_ms=None),
)


def printed(report: Report) -> str:
    console = Console(file=StringIO(), width=220)
    console.print(view(report))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_states_amounts_and_what_is_wrong_are_shown() -> None:
    text = printed(Report(ok=False, markets=(MARKET,), warnings=("Redis keeps no append-only file",)))
    for words in (
        "quoting",
        "paused: 3 attempts came to nothing",
        "hedger-here, lane 4",
        "50 (0 in flight) for 2.5 s",
        "0.5 (A, 1 s ago)",
        "not known",
        "1234.5",
        "-0.34",
        "buy 0.5",
        "BTC: self-trades are prevented",
        "BTC: pause by the user lunch",
        "BTC: B is paused",
        "warning: Redis keeps no append-only file",
    ):
        assert words in text


def test_where_nothing_is_known_it_says_so() -> None:
    assert "no process is alive" in printed(Report(ok=False, markets=()))
