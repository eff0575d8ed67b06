"""A figure that is too large, or was never measured, fails; the others pass."""

from pathlib import Path

import pytest

from tests.figures.figure import Figure
from tests.figures.memory import after_settled_fills


@pytest.mark.parametrize(
    ("values", "bound", "is_kept"),
    [([1.0, 2.0], 2.0, True), ([1.0, 2.1], 2.0, False), ([0.0], 0.0, True), ([9.0], None, True), ([], None, False)],
)
def test_each_value_must_keep_the_bound(values: list[float], bound: float | None, is_kept: bool) -> None:
    figure = Figure("name", "words", bound, values)
    assert figure.is_kept is is_kept
    assert figure.facts() == {"values": values, "bound": bound, "kept": is_kept}
    assert ("BROKEN" in figure.row()) is (bool(values) and not is_kept)


def test_memory_that_grows_is_found_and_the_stream_never_grows(tmp_path: Path) -> None:
    figures = {figure.name: figure for figure in after_settled_fills(tmp_path / "redis", 100, 1_000)}
    assert not figures["ledger_1000_bytes"].is_kept, "so few orders are all still known by name"
    assert figures["stream_1000_bytes"].is_kept
