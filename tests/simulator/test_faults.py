import pytest

from hedge_strategy.simulator.faults import KINDS, FaultRefused, FaultRequest, Faults, fraction_of

SECOND = 1_000_000_000


def test_a_counted_fault_strikes_that_often_and_counts_its_hits() -> None:
    faults = Faults(seed=1)
    faults.arm(FaultRequest(kind="lost_answer", count=2), now_ns=0)
    struck = [faults.strike("lost_answer", now_ns=n) is not None for n in range(4)]
    assert struck == [True, True, False, False]
    (view,) = faults.view(now_ns=5)
    assert (view["hits"], view["left"], view["active"]) == (2, 0, False)
    assert faults.hits_by_kind() == {"lost_answer": 2}


def test_a_fault_strikes_only_the_account_market_and_path_it_names() -> None:
    faults = Faults(seed=1)
    faults.arm(FaultRequest(kind="rate_limited", count=9, account_index=0, market_index=0, path="sendTx"), now_ns=0)
    assert faults.strike("rate_limited", 0) is None
    assert faults.strike("rate_limited", 0, account_index=1, market_index=0, path="sendTx") is None
    assert faults.strike("rate_limited", 0, account_index=0, market_index=1, path="sendTx") is None
    assert faults.strike("rate_limited", 0, account_index=0, market_index=0, path="nextNonce") is None
    assert faults.strike("server_error", 0, account_index=0, market_index=0, path="sendTx") is None
    assert faults.strike("rate_limited", 0, account_index=0, market_index=0, path="sendTx") is not None


def test_chance_is_repeatable_by_seed_and_has_the_asked_probability() -> None:
    def strikes(seed: int) -> list[bool]:
        faults = Faults(seed=0)
        faults.arm(FaultRequest(kind="duplicate_frames", probability=0.25, seed=seed), now_ns=0)
        return [faults.strike("duplicate_frames", n) is not None for n in range(2_000)]

    assert strikes(7) == strikes(7)
    assert strikes(7) != strikes(8)
    assert 430 < sum(strikes(7)) < 570


def test_seconds_is_a_window_for_most_kinds_and_a_size_for_some() -> None:
    faults = Faults(seed=1)
    faults.arm(FaultRequest(kind="server_error", seconds=2), now_ns=SECOND)
    faults.arm(FaultRequest(kind="history_lag", seconds=15), now_ns=SECOND)
    assert faults.strike("server_error", 3 * SECOND - 1) is not None
    assert faults.strike("server_error", 3 * SECOND) is None
    lag = faults.strike("history_lag", 1_000 * SECOND)
    assert lag is not None
    assert lag.size_s(0) == 15


def test_a_bare_fault_strikes_once_except_those_that_are_a_state() -> None:
    faults = Faults(seed=1)
    for kind in ("socket_cut", "delay"):
        faults.arm(FaultRequest(kind=kind), now_ns=0)
    assert [faults.strike("socket_cut", 1) is not None for _ in range(2)] == [True, False]
    assert [faults.strike("delay", 1) is not None for _ in range(2)] == [True, True]


def test_removal_by_kind_by_number_and_of_all() -> None:
    faults = Faults(seed=1)
    numbers = [
        faults.arm(FaultRequest(kind=kind), 0).number for kind in ("delay", "delay", "empty_book", "partial_ioc")
    ]
    assert faults.remove(number=numbers[0]) == 1
    assert faults.remove(kind="delay") == 1
    assert [view["kind"] for view in faults.view(0)] == ["empty_book", "partial_ioc"]
    assert faults.remove() == 2
    assert faults.view(0) == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (FaultRequest(kind="earthquake"), "unknown kind"),
        (FaultRequest(kind="delay", count=0), "count"),
        (FaultRequest(kind="delay", probability=1.5), "probability"),
        (FaultRequest(kind="delay", probability=0), "probability"),
        (FaultRequest(kind="history_lag", seconds=16), "history_lag"),
        (FaultRequest(kind="partial_ioc", fraction=1), "fraction"),
        (FaultRequest(kind="delay", seconds=-1), "seconds"),
    ],
)
def test_a_fault_that_means_nothing_is_refused_with_the_reason(request_: FaultRequest, words: str) -> None:
    with pytest.raises(FaultRefused, match=words):
        Faults(seed=1).arm(request_, 0)


def test_every_kind_can_be_armed() -> None:
    faults = Faults(seed=1)
    for kind in KINDS:
        faults.arm(FaultRequest(kind=kind, count=1), 0)
        assert faults.strike(kind, 1) is not None


def test_the_series_is_spread_from_zero_up_to_one() -> None:
    numbers = [fraction_of(3, n) for n in range(1_000)]
    assert 0 <= min(numbers) < 0.01
    assert 0.99 < max(numbers) < 1
