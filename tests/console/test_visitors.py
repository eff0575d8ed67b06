"""Who is let in, for how long, and that guessing does not pay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hedge_strategy.console.sessions import FAILURE_WINDOW_MS, FAILURES_MAX
from hedge_strategy.console.visitors import COOKIE
from tests.console.scene import ADDRESS, PASSWORD, READ_TOKEN, SESSION_MS, Console, console_scene

PAUSE = {"action": "pause", "market": "BTC"}


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with console_scene(tmp_path) as console:
        yield console


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(console: Console) -> None:
    told = console.visitor().post("/api/login", json={"password": PASSWORD}, headers={"Origin": ADDRESS})
    cookie = told.headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}=")
    assert ("httponly" in cookie, "samesite=strict" in cookie, "path=/" in cookie) == (True, True, True)


def test_after_wrong_passwords_even_the_right_one_waits(console: Console) -> None:
    client = console.visitor()

    def log_in(password: str) -> int:
        return client.post("/api/login", json={"password": password}, headers={"Origin": ADDRESS}).status_code

    within = console.page()
    assert [log_in("wrong guess") for _ in range(FAILURES_MAX)] == [401] * FAILURES_MAX
    assert log_in(PASSWORD) == 429
    assert within.post("/api/commands", json=PAUSE).status_code == 201, "who is in stays in"
    console.clock.now_ms += FAILURE_WINDOW_MS
    assert log_in(PASSWORD) == 200


def test_a_session_that_is_over_changes_nothing(console: Console) -> None:
    page = console.page()
    console.clock.now_ms += SESSION_MS
    assert page.post("/api/commands", json=PAUSE).status_code == 401
    assert page.get("/api/status").status_code == 401
    assert console.standing() == ""


def test_who_logged_out_is_out_and_a_kept_cookie_is_worth_nothing(console: Console) -> None:
    page = console.page()
    kept = page.cookies[COOKIE]
    assert page.post("/api/logout", json={}).json()["role"] == "nobody"
    page.cookies.set(COOKIE, kept)
    assert page.post("/api/commands", json=PAUSE).status_code == 401
    assert console.standing() == ""


def test_the_token_for_reading_looks_and_changes_nothing(console: Console) -> None:
    dashboard = console.visitor()
    dashboard.headers["Authorization"] = f"Bearer {READ_TOKEN}"
    assert dashboard.get("/api/status").status_code == 200
    dashboard.headers["Origin"] = ADDRESS
    assert dashboard.post("/api/commands", json=PAUSE).status_code == 401
    assert console.page(READ_TOKEN).post("/api/commands", json=PAUSE).status_code == 403
    dashboard.headers["Authorization"] = f"Bearer {READ_TOKEN}x"
    assert dashboard.get("/api/status").status_code == 401
    assert console.standing() == ""


def test_where_everybody_may_look_nobody_may_change(tmp_path: Path) -> None:
    with console_scene(tmp_path, password=None, public_read=True) as console:
        client = console.visitor()
        assert client.get("/api/status").status_code == 200
        assert client.post("/api/commands", json=PAUSE, headers={"Origin": ADDRESS}).status_code == 401
        told = client.post("/api/login", json={"password": "anything at all"}, headers={"Origin": ADDRESS})
        assert told.status_code == 401
        assert client.get("/api/session").json()["can_log_in"] is False
        assert console.standing() == ""
