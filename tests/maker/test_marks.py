"""A's fills are marked where somebody wants to know, and nothing happens where nobody does."""

from decimal import Decimal
from pathlib import Path

from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.order import Side
from hedge_strategy.maker import events as ev
from hedge_strategy.maker.marks import NO_MARKS, MakerMarks
from hedge_strategy.maker.meter import MakerMeter
from hedge_strategy.timeline import Timeline
from tests.coordination.samples import BTC
from tests.metrics.reading import Reader

FILL = CumulativeFill(7, 1, 5, Side.BUY, Decimal("0.3"), Decimal(30), False, 1_760, 9)


def test_a_fill_that_redis_took_is_marked_and_counted(tmp_path: Path) -> None:
    reader, timeline = Reader("maker"), Timeline(lambda: 5)
    marks = MakerMarks(timeline, MakerMeter(reader.tally, BTC))
    marks.published(FILL, ev.PublishFailed(FILL, "no answer"))
    marks.published(FILL, ev.FillPublished(FILL))
    timeline.write(tmp_path / "marks")
    assert (tmp_path / "marks").read_text() == "published\t5\t0.3\t5\n"
    found = reader.read()
    assert found["hedge_published_fills_total"] == {("BTC", "buy"): 1}
    assert found["hedge_publish_failures_total"] == {("BTC",): 1}


def test_nothing_happens_where_nobody_wants_to_know() -> None:
    NO_MARKS.heard(ev.PublishFailed(FILL, ""))
    NO_MARKS.published(FILL, ev.FillPublished(FILL))
    assert NO_MARKS.told({"state": "quoting"}) == {"state": "quoting"}
