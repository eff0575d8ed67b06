"""Sessions end, and guessing is slow."""

from hedge_strategy.console.sessions import (
    FAILURE_WINDOW_MS,
    FAILURES_MAX,
    SESSIONS_MAX,
    LoginPace,
    Role,
    Sessions,
    is_same,
)


def test_a_session_lasts_as_long_as_it_was_given() -> None:
    sessions = Sessions(1_000)
    begun = sessions.begin("token", "csrf", Role.MASTER, 0)
    assert sessions.of("token", 999) is begun
    assert sessions.of("other", 999) is None
    assert sessions.of("token", 1_000) is None
    assert sessions.of("token", 0) is None, "what is over does not come back"


def test_a_session_that_was_ended_is_over() -> None:
    sessions = Sessions(1_000)
    sessions.begin("token", "csrf", Role.READER, 0)
    sessions.end("token")
    assert sessions.of("token", 0) is None


def test_of_too_many_sessions_the_oldest_goes() -> None:
    sessions = Sessions(1_000)
    for number in range(SESSIONS_MAX + 1):
        sessions.begin(f"token-{number}", "csrf", Role.READER, 0)
    assert sessions.of("token-0", 0) is None
    assert sessions.of("token-1", 0) is not None


def test_after_some_wrong_passwords_nobody_may_try_for_a_while() -> None:
    pace = LoginPace()
    for number in range(FAILURES_MAX):
        assert pace.wait_ms(number) == 0
        pace.tried(number)
    assert pace.wait_ms(FAILURES_MAX) == FAILURE_WINDOW_MS - FAILURES_MAX
    assert pace.wait_ms(FAILURE_WINDOW_MS) == 0
    pace.tried(FAILURE_WINDOW_MS)
    assert pace.wait_ms(FAILURE_WINDOW_MS) == 1, "the first is forgotten, the second not yet"


def test_a_right_password_does_not_count() -> None:
    pace = LoginPace()
    for _ in range(10 * FAILURES_MAX):
        assert pace.wait_ms(0) == 0
        pace.tried(0)
        pace.succeeded()


def test_secrets_of_any_kind_of_text_are_compared() -> None:
    assert [is_same("añ", given) for given in ("añ", "an", "", "añ ")] == [True, False, False, False]
