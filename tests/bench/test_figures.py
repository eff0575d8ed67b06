import pytest

from bench.figures import AT_MOST, Run, percentile, ratios, too_slow


@pytest.mark.parametrize(("percent", "value"), [(50, 500), (99, 990), (99.9, 999), (100, 1_000), (0.01, 1)])
def test_a_percentile_is_the_value_of_the_nearest_rank(percent: float, value: int) -> None:
    assert percentile(list(range(1_000, 0, -1)), percent) == value


def test_a_percentile_of_few_values_is_one_of_them() -> None:
    assert [percentile([3, 1, 2], percent) for percent in (1, 50, 67, 99.9)] == [1, 2, 3, 3]


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1], 0), ([1], 101)])
def test_what_has_no_percentile_is_refused(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match=r"no values|is not above 0"):
        percentile(values, percent)


def run(name: str, *latencies: float, kind: str = "whole", rate: int = 20) -> Run:
    return Run(name, kind, rate, latencies, len(latencies) + 1, "", 2.0)


def test_a_run_tells_how_many_fills_there_were_and_how_many_were_measured() -> None:
    shown = run("ours", 10.4, 30, 20).as_json()
    assert (shown["fills"], shown["offered"], shown["reached_rate"]) == (3, 4, 2.0)
    assert (shown["p50_us"], shown["p99_us"], shown["p999_us"]) == (20, 30, 30)
    assert run("ours").as_json()["p50_us"] == -1


def test_ratios_are_of_one_pace_and_leave_out_what_was_not_measured() -> None:
    runs = [run("ours", 300), run("floor", 200), run("sign_on_fill", 900), run("ours", 1, rate=200), run("usual")]
    assert ratios(runs, 20) == {
        "whole_p50_to_floor": 1.5,
        "whole_p99_to_floor": 1.5,
        "sign_on_fill_p50_to_whole": 3.0,
    }
    assert ratios([*runs, run("ours", 990, kind="partial")], 20)["partial_p50_to_sign_on_fill"] == 1.1


def test_what_became_slow_or_was_not_measured_is_said() -> None:
    others = [run("floor", 200), run("sign_on_fill", 300)]
    good = [*others, run("ours", 300), run("ours", 400, kind="partial")]
    assert too_slow(good) == []
    slow = [*others, run("ours", 200 * AT_MOST["whole_p50_to_floor"] + 2), run("ours", 400, kind="partial")]
    assert [line.split(" is ")[0] for line in too_slow(slow)] == ["whole p50 to floor"]
    assert len(too_slow(others)) == len(AT_MOST)
