"""No hedger, no quote: A takes its order off the book when B is killed, and rests none while nobody hedges."""

from pathlib import Path

import pytest

from tests.figures.killed import no_hedger

pytestmark = pytest.mark.process


def test_a_killed_hedger_leaves_no_order_of_the_maker_on_the_book(tmp_path: Path) -> None:
    figure = no_hedger(tmp_path / "run", times=1, seed=1, lease_s=3)
    assert figure.is_kept, figure.row()
