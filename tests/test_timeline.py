from decimal import Decimal
from pathlib import Path

from hedge_strategy.timeline import CLAIMED, HEARD, MARKS_MAX, Timeline


def test_marks_are_written_in_order_with_their_moments(tmp_path: Path) -> None:
    moments = iter([10, 25])
    timeline = Timeline(lambda: next(moments))
    timeline.mark(HEARD, 7, Decimal("0.00020"))
    timeline.mark(CLAIMED, 8)
    timeline.write(tmp_path / "marks")
    assert (tmp_path / "marks").read_text() == "heard\t7\t0.00020\t10\nclaimed\t8\t\t25\n"


def test_the_oldest_marks_go_when_there_are_too_many(tmp_path: Path) -> None:
    timeline = Timeline(lambda: 1)
    for index in range(MARKS_MAX + 2):
        timeline.mark(HEARD, index)
    timeline.write(tmp_path / "marks")
    lines = (tmp_path / "marks").read_text().splitlines()
    assert len(lines) == MARKS_MAX
    assert lines[0].split("\t")[1] == "2"
