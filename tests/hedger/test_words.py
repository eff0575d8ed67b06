"""What others are told of a step: A its result, the stream what is hedged, a person what is unusual."""

from decimal import Decimal

from hedge_strategy.coordination.ledger_rows import Finished, Nothing
from hedge_strategy.domain.hedge import Claim, IntentState, OrderLine
from hedge_strategy.domain.order import Side
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.words import nothing_left, paused_commands, refused_commands, settled_commands
from tests.hedger.world import order_key

LINE = OrderLine(order_key(), Side.BUY, 10, 6, 0, False)
CLAIM = Claim(order_key(), Side.BUY, 5, 0, 10, IntentState.SENT)


def test_a_settled_hedge_is_told_to_a_and_its_entries_go() -> None:
    settle = ev.Settle(CLAIM, False, 6, Decimal(600), 9, "cancelled")
    result, done, note = settled_commands(LINE, settle, ("1-0",))
    assert result == ev.PublishResult(LINE, settle, Side.SELL, None)
    assert done == ev.Acknowledge(("1-0",))
    assert isinstance(note, ev.Note)
    assert note.level == "warning"


def test_a_pause_is_told_to_a_only_where_an_order_is_concerned() -> None:
    note, told = paused_commands("why", LINE)
    assert told == ev.PublishResult(LINE, None, Side.SELL, "why")
    assert paused_commands("why", None) == (note,)


def test_what_was_hedged_long_ago_is_said_and_what_is_hedged_is_not() -> None:
    note, done = nothing_left(Finished(LINE), ("1-0",))
    assert isinstance(note, ev.Note)
    assert nothing_left(Nothing(LINE), ("1-0",)) == (done,) == (ev.Acknowledge(("1-0",)),)


def test_a_refused_message_leaves_the_stream_and_is_said() -> None:
    note, done = refused_commands("side changed", ("1-0",))
    assert isinstance(note, ev.Note)
    assert note.level == "error"
    assert done == ev.Acknowledge(("1-0",))
