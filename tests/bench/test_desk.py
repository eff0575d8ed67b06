"""What the desk costs is told as ratios of medians, over all and round by round."""

from bench.desk import DESK, KINDS, PLAIN, DeskMeasured, Watcher, cpu_percent, figures_of, page_of, too_costly


def turns(plain: list[list[float]], desk: list[list[float]]) -> dict[tuple[str, str], list[list[float]]]:
    return {(kind, variant): values for kind in KINDS for variant, values in ((PLAIN, plain), (DESK, desk))}


def test_medians_are_compared_over_all_and_round_by_round() -> None:
    found = figures_of(turns([[100, 100, 900], [200, 200, 200]], [[104, 104, 104], [220, 220, 220]]))["whole"]
    assert (found["plain_p50_us"], found["desk_p50_us"], found["p50_ratio"]) == (200, 104, 0.52)
    assert (found["least"], found["round_ratio"], found["most"]) == (1.04, 1.07, 1.1)
    assert (found["plain_fills"], found["desk_fills"], found["rounds"]) == (6, 6, 2)


def test_more_than_is_promised_is_too_costly() -> None:
    assert too_costly(figures_of(turns([[100.0]], [[105.0]]))) == []
    (whole, partial) = too_costly(figures_of(turns([[100.0]], [[106.0]])))
    assert "the p50 of whole fills is 1.06 of that without" in whole and "partial" in partial


def test_the_page_says_how_it_was_measured() -> None:
    used = cpu_percent({(DESK, ""): 1_000, (DESK, "hedger"): 125})
    measured = DeskMeasured(figures_of(turns([[100.0]], [[101.0]])), used, [Watcher([], "", 7, 9, 0.012)])
    page = page_of(measured, (0.5, 1.5))
    assert "of a core, desk: hedger 12.5 %" in page
    assert "7 answers were read, the slowest took 12 ms; the page got 9 frames; load 0.5 before, 1.5 after" in page
