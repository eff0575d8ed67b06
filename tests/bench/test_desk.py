"""The desk is tried as a whole beside A and B alone, and its parts too where that is asked."""

from bench.desk import PARTS, WHOLE
from bench.desk_figures import DESK, PLAIN


def test_the_parts_begin_and_end_with_what_is_compared_otherwise() -> None:
    assert list(WHOLE) == [PLAIN, DESK]
    assert {name: PARTS[name] for name in WHOLE} == WHOLE
    assert frozenset().union(*PARTS.values()) == WHOLE[DESK]
