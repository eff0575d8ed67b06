"""Which of two records of a flattening counts."""

from hedge_strategy.coordination.flattened import Flattened


def test_the_later_command_counts_and_of_one_command_its_end() -> None:
    begun, done = Flattened(command_id="9-0"), Flattened(command_id="9-0", is_done=True, trade_id=5)
    later = Flattened(command_id="10-0")
    assert begun.is_newer_than(None)
    assert done.is_newer_than(begun)
    assert not begun.is_newer_than(done)
    assert later.is_newer_than(done)
    assert not done.is_newer_than(later)
    assert Flattened(command_id="10-1").is_newer_than(later)
    assert not done.is_newer_than(done)
