"""What the API tells and does, and that nothing is changed by a request that is not a page's of a login."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from hedge_strategy.console.sources import History, Line
from hedge_strategy.coordination.commands import Acknowledgement, Commands
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.venues.port import BookTop
from tests.console.scene import ADDRESS, HEDGER, MAKER, READ_TOKEN, Console, console_scene
from tests.polling import wait_until

PAUSE = {"action": "pause", "market": "BTC"}
READS = ["/api/status", "/api/market?symbol=BTC", "/api/history", "/api/alerts", "/api/settings", "/api/openapi.json"]


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with console_scene(tmp_path) as console:
        yield console


def test_without_a_login_nothing_is_told_but_that_it_lives(console: Console) -> None:
    client = console.visitor()
    assert [client.get(path).status_code for path in READS] == [401] * len(READS)
    assert client.get("/api/commands/1-1").status_code == 401
    assert client.get("/health").json()["ok"] is True
    assert client.get("/ready").status_code == 503, "nothing was read yet"
    assert client.get("/").status_code == 200
    assert client.get("/api/session").json()["role"] == "nobody"


def test_who_is_logged_in_sees_it(console: Console) -> None:
    console.eyes.top = BookTop(((Decimal(99), Decimal(1)),), ((Decimal(101), Decimal(2)),), is_live=True)
    page = console.page()
    assert [page.get(path).status_code for path in READS] == [200] * len(READS)
    assert page.get("/api/market?symbol=BTC").json()["book"]["asks"] == [["101", "2"]]
    assert page.get("/api/settings").json() == [{"path": "lighter.chain_id", "value": "304"}]
    assert "/api/commands" in page.get("/api/openapi.json").json()["paths"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"X-CSRF-Token": ""}, 403),
        ({"X-CSRF-Token": "token-9"}, 403),
        ({"Cookie": "hedge_console=token-77"}, 401),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_a_request_that_no_page_of_a_login_makes_changes_nothing(
    console: Console, headers: dict[str, str], status: int
) -> None:
    page = console.page()
    if "Cookie" in headers:
        page.cookies.clear()
    told = page.post("/api/commands", json=PAUSE, headers=headers)
    assert (told.status_code, console.standing()) == (status, "")
    without = page.headers.pop("Origin")
    assert page.post("/api/commands", json=PAUSE).status_code == 403
    assert without == ADDRESS
    assert console.standing() == ""


def test_logging_out_by_another_site_does_not_work(console: Console) -> None:
    page = console.page()
    page.post("/api/logout", json={}, headers={"Origin": "http://evil.example"})
    page.post("/api/logout", json={}, headers={"X-CSRF-Token": "x"})
    assert page.get("/api/status").status_code == 200


def test_a_command_is_passed_on_and_who_obeyed_is_told(console: Console) -> None:
    StatusBoard(console.redis, life_ms=60_000).write("a-1", MAKER)
    page = console.page()
    given = page.post("/api/commands", json={**PAUSE, "reason": "lunch\nnow"})
    assert given.status_code == 201
    assert (given.json()["is_obeyed"], console.standing()) == (False, "pause")
    assert given.json()["missing"] == ["hedger of BTC"]
    sent = Commands(console.redis).standing("BTC")
    assert sent is not None
    assert (sent.command.reason, sent.command.sent_by) == ("lunch now", "the console (testclient)")
    done = Acknowledgement(who="a-1", at_ms=1, outcome="paused", role="maker", market="BTC")
    Commands(console.redis).acknowledge(sent.command_id, done)
    told = page.get(f"/api/commands/{sent.command_id}?market=BTC").json()
    assert (told["is_obeyed"], told["processes"][0]["outcome"]) == (True, "paused")


def test_flatten_takes_the_market_once_more(console: Console) -> None:
    page = console.page()
    for confirm in ("", "ETH", "*"):
        form = {"action": "flatten", "market": "BTC", "confirm": confirm}
        assert page.post("/api/commands", json=form).status_code == 422
    assert console.standing() == ""
    assert page.post("/api/commands", json={"action": "flatten", "market": "*", "confirm": "*"}).status_code == 201
    assert console.standing() == "flatten"


def test_a_journal_that_fails_and_a_redis_that_is_gone_are_told_in_words(console: Console) -> None:
    page = console.page()
    console.figures.fails = True
    told = page.get("/api/history")
    assert (told.status_code, "database is gone" in told.json()["detail"]) == (503, True)
    console.server.kill()
    assert page.post("/api/commands", json=PAUSE).status_code == 503


def test_without_a_journal_the_exposure_that_was_seen_is_shown(console: Console) -> None:
    page = console.page()
    console.figures.found = History(problem="no journal is kept")
    told = page.get("/api/history?hours=1").json()
    assert (told["source"], told["problem"], told["exposure"]) == ("console", "no journal is kept", [])
    console.figures.found = History(source="journal", equity=(Line(market="BTC", points=((1, "0.5"),)),))
    assert page.get("/api/history").json()["equity"] == [{"market": "BTC", "points": [[1, "0.5"]]}]


def test_it_is_ready_once_redis_was_read(console: Console) -> None:
    board = StatusBoard(console.redis, life_ms=60_000)
    board.write("a-1", MAKER)
    board.write("b-1", HEDGER)
    console.collector.start()
    try:
        wait_until(lambda: console.visitor().get("/ready").status_code == 200, "readiness")
        dashboard = console.visitor()
        dashboard.headers["Authorization"] = f"Bearer {READ_TOKEN}"
        (market,) = dashboard.get("/api/status").json()["report"]["markets"]
        assert (market["market"], market["maker"]["state"], market["hedger"]["state"]) == ("BTC", "quoting", "missing")
    finally:
        console.collector.close()


@pytest.mark.parametrize("body", ['{"password": "secret \\ud800"}', '"secret \\ud800"'])
def test_what_is_no_text_is_refused_in_words_that_tell_nothing_of_it(console: Console, body: str) -> None:
    headers = {"Origin": ADDRESS, "Content-Type": "application/json"}
    told = console.visitor().post("/api/login", content=body, headers=headers)
    assert told.status_code == 422
    assert "body" in told.json()["detail"]
    assert "secret" not in told.json()["detail"]
