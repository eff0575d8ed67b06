"""The page of metrics is what the catalogue says."""

from pathlib import Path

from hedge_strategy.metrics.catalogue import FAMILIES
from hedge_strategy.metrics.reference import as_markdown, library_names, series_names

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == as_markdown(), "run: make docs"


def test_every_figure_stands_there() -> None:
    page = as_markdown()
    assert all(f"| `{name}` |" in page for name in FAMILIES)
    assert "process_resident_memory_bytes" in library_names()


def test_a_histogram_is_asked_for_by_its_three_names() -> None:
    names = series_names()
    assert {f"hedge_heard_to_sent_seconds_{part}" for part in ("bucket", "count", "sum")} <= names
    assert "hedge_heard_to_sent_seconds" not in names
    assert "hedge_owner" in names
