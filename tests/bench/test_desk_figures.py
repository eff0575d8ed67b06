"""What the desk costs is told as ratios of medians, over all and round by round."""

from bench.desk_figures import DESK, KINDS, PLAIN, DeskMeasured, cpu_percent, figures_of, page_of, too_costly


def turns(plain: list[list[float]], **others: list[list[float]]) -> dict[tuple[str, str], list[list[float]]]:
    return {(kind, name): values for kind in KINDS for name, values in {PLAIN: plain, **others}.items()}


def test_medians_are_compared_over_all_and_round_by_round() -> None:
    plain = [[100.0, 100.0, 900.0], [200.0, 200.0, 200.0]]
    found = figures_of(turns(plain, journal=plain, desk=[[104.0, 104.0, 104.0], [220.0, 220.0, 220.0]]))["whole"]
    assert (found[PLAIN]["p50_us"], found[DESK]["p50_us"], found[DESK]["p50_ratio"]) == (200, 104, 0.52)
    assert [found[DESK][name] for name in ("least", "round_ratio", "most")] == [1.04, 1.07, 1.1]
    assert (found[PLAIN]["fills"], found[DESK]["fills"], found[DESK]["rounds"]) == (6, 6, 2)
    assert found["journal"]["p50_ratio"] == 1


def test_more_than_is_promised_is_too_costly() -> None:
    assert too_costly(figures_of(turns([[100.0]], page=[[120.0]], desk=[[105.0]]))) == []
    (whole, partial) = too_costly(figures_of(turns([[100.0]], desk=[[106.0]])))
    assert "the p50 of whole fills is 1.06 of that without" in whole and "partial" in partial


def test_the_page_says_how_it_was_measured() -> None:
    used = cpu_percent({(DESK, ""): 1_000, (DESK, "hedger"): 125})
    measured = DeskMeasured(figures_of(turns([[100.0]], desk=[[101.0]])), used, 7, 9, 0.012)
    page = page_of(measured, (0.5, 1.5))
    assert "of a core, desk: hedger 12.5 %" in page
    assert "| whole | desk | 1 | 101 | 101 | 1.01 | 1.01, from 1.01 to 1.01 in 1 |" in page
    assert "7 answers were read, the slowest took 12 ms; the page got 9 frames; load 0.5 before, 1.5 after" in page
