from decimal import Decimal
from pathlib import Path

from hedge_strategy.domain.hedge import Claim, IntentState
from hedge_strategy.domain.ids import hedge_client_order_index
from hedge_strategy.domain.order import Side
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.marks import HedgeMarks
from hedge_strategy.timeline import Timeline
from tests.coordination.samples import order, seen, transaction

INDEX = hedge_client_order_index(order().order_index, 0)
CLAIM = Claim(order(), Side.SELL, INDEX, 0, 20, IntentState.RESERVED)


def steps(timeline: Timeline, folder: Path) -> list[list[str]]:
    timeline.write(folder / "marks")
    return [line.split("\t")[:3] for line in (folder / "marks").read_text().splitlines()]


def test_a_hedge_is_marked_from_the_message_to_the_booking(tmp_path: Path) -> None:
    timeline = Timeline(lambda: 5)
    marks = HedgeMarks(timeline)
    marks.heard(ev.FillHeard(seen(20), Decimal(1), None))
    signed = transaction(INDEX)
    marks.done(ev.ClaimFill(seen(20), "token", None), ev.ClaimAnswered(CLAIM))
    marks.done(ev.StoreAsSent(CLAIM, signed), ev.StoredAsSent())
    marks.done(ev.Send(signed), None)
    marks.done(ev.Settle(CLAIM, False, 20, Decimal(1), 3, ""), ev.StepFailed("no answer"))
    assert steps(timeline, tmp_path) == [
        ["heard", str(order().order_index), "20"],
        ["claimed", str(INDEX), "20"],
        ["stored", str(INDEX), ""],
        ["sent", str(INDEX), ""],
    ], "what Redis did not answer is not done"


def test_nothing_happens_where_no_timeline_is_kept() -> None:
    marks = HedgeMarks()
    marks.heard(ev.FillHeard(seen(20), Decimal(1), None))
    marks.done(ev.StoreAsSent(CLAIM, transaction(INDEX)), ev.StoredAsSent())
