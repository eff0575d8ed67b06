"""The console in a browser: fills and hedges appear, and what one presses happens on the exchange.

`CONSOLE_PICTURES=docs/images make desk` takes the pictures of docs/console.md anew.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from hedge_strategy.clock import SystemClock, to_ms
from hedge_strategy.coordination.alert_board import AlertNotice, AlertState, AlertType, Severity
from tests.desk.chromium import Page, browser_page
from tests.desk.demo import PASSWORD, Desk, running_desk
from tests.polling import wait_until
from tests.product import ROOT

pytestmark = [pytest.mark.desk, pytest.mark.process]
OBEYED_WITHIN_S = 60
PICTURE_BYTES_MAX = 150_000
DESKTOP, PHONE = (1280, 860), (390, 844)
PAGES = {
    "overview": "#/",
    "market": "#/market/BTC",
    "charts": "#/charts",
    "alerts": "#/alerts",
    "settings": "#/settings",
    "api": "#/api",
}
SHOWN = {
    "overview": "[data-market=BTC] .positions",
    "market": "div:has(> .level.bid) .level.ask",
    "charts": "[data-chart=equity] canvas",
    "alerts": ".alerts li",
    "settings": ".settings tr:nth-child(20)",
    "api": ".operation:nth-of-type(5)",
}


def notice(name: str, severity: Severity, text: str) -> AlertNotice:
    at_ms = to_ms(SystemClock().now_ns())
    return AlertNotice(
        name=name, type=AlertType.TRADING, severity=severity, market="BTC",
        text=text, state=AlertState.FIRING, since_ms=at_ms, at_ms=at_ms,
    )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with running_desk(tmp_path) as desk:
        yield desk


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser_page(tmp_path) as page:
        page.look_like(width=DESKTOP[0], height=DESKTOP[1], dark=False)
        yield page


def keep_picture(page: Page, name: str) -> None:
    """Where pictures are asked for."""
    named = os.environ.get("CONSOLE_PICTURES")
    if named is None:
        return
    (ROOT / named).mkdir(parents=True, exist_ok=True)
    path = ROOT / named / f"console-{name}.png"
    page.picture(path)
    assert path.stat().st_size < PICTURE_BYTES_MAX, path.name


def see_all(page: Page) -> None:
    """Every page fits on a desktop and a phone, light; the overview, the market and the charts also dark."""
    for phone, dark, names in (
        (False, False, PAGES),
        (True, False, PAGES),
        (False, True, ("overview", "market", "charts")),
        (True, True, ("overview",)),
    ):
        width, height = PHONE if phone else DESKTOP
        page.look_like(width=width, height=height, dark=dark, phone=phone)
        for name in names:
            page.ask(f"location.hash = '{PAGES[name]}'")
            page.wait(f"!!document.querySelector('{SHOWN[name]}')", f"the page {name}")
            page.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
            assert page.ask("document.documentElement.scrollWidth") <= width, f"{name} does not fit into {width} pixels"
            keep_picture(page, f"{name}{'-phone' if phone else ''}{'-dark' if dark else ''}")
    page.look_like(width=DESKTOP[0], height=DESKTOP[1], dark=False)


def press_and_wait(page: Page, action: str, typed: str = "") -> None:
    """Presses a command, confirms it, and waits until the page says that it is done."""
    page.press(f"[data-action={action}]")
    if typed:
        assert page.ask("document.querySelector('#command-dialog [type=submit]').disabled") is True
        page.type("#command-dialog [name=confirm]", typed)
    page.press("#command-dialog [type=submit]")
    page.wait("!!document.querySelector('.toast.done')", f"that {action} is done", OBEYED_WITHIN_S)
    page.press(".toast.done button")


@pytest.mark.timeout(240)
def test_what_is_pressed_happens_on_the_exchange(desk: Desk, page: Page) -> None:
    desk.say(notice("latency", Severity.WARNING, "90 of 100 hedges took more than 500 ms"))
    wait_until(lambda: is_ready(desk), "the console's readiness", deadline_s=30)
    page.open(desk.address)
    page.wait("!!document.querySelector('#login-dialog')", "the login")
    assert "BTC" not in page.ask("document.body.innerText")
    keep_picture(page, "login")
    page.type("#login-dialog input", "a wrong password")
    page.press("#login-dialog [type=submit]")
    page.has_text("that is not the password")
    page.ask("document.querySelector('#login-dialog input').value = ''")
    page.type("#login-dialog input", PASSWORD)
    page.press("#login-dialog [type=submit]")
    page.wait("document.querySelector('[data-market=BTC]')?.innerText.includes('hedging')", "B at work", 60)
    assert page.complaints == [
        "Failed to load resource: the server responded with a status of 401 (Unauthorized) "
        + desk.address
        + "/api/login"
    ]
    page.complaints.clear()

    page.ask("location.hash = '#/market/BTC'")
    page.wait("document.querySelectorAll('tr[data-order] .pill.good').length > 2", "fills and their hedges", 60)
    page.wait("!!document.querySelector('.ladder .level.bid')", "the live book")
    took = page.ask("document.querySelector('tr[data-order]:has(.pill.good) td:last-child').innerText")
    assert took.endswith(("ms", "s")), took
    page.wait("!!document.querySelector('#link.up')", "the live connection")

    page.press("#sound")
    desk.say(notice("unhedged too long", Severity.CRITICAL, "0.00020 BTC are unhedged for 12 s"))
    page.wait("document.querySelector('.badge')?.innerText === '2'", "the new alert")
    assert int(page.ask("document.body.dataset.sounded")) > 1, "one for the bell, one for the alert"
    page.ask("location.hash = '#/charts'")
    page.wait(f"!!document.querySelector('{SHOWN['charts']}')", "the journal's first figures", 60)
    see_all(page)
    desk.say(notice("a trick", Severity.INFO, "<img src=x onerror=\"document.title='taken'\">"))
    page.ask("location.hash = '#/alerts'")
    page.has_text("<img src=x onerror=")
    assert page.ask("document.title") == "(3) hedge-strategy", "what an alert says is text"

    page.ask("location.hash = '#/market/BTC'")
    press_and_wait(page, "pause")
    assert desk.resting() == 0
    page.wait("document.querySelector('.states')?.innerText.includes('paused')", "A paused")
    press_and_wait(page, "resume")
    wait_until(lambda: desk.resting() == 1, "A's order on the exchange", deadline_s=OBEYED_WITHIN_S)
    press_and_wait(page, "flatten", typed="BTC")
    assert desk.positions() == (0, 0)
    assert desk.resting() == 0
    page.wait(
        "[...document.querySelectorAll('.facts dd')].slice(0, 3).every((one) => Number(one.innerText) === 0)",
        "no position on the page",
    )
    assert page.complaints == []


def is_ready(desk: Desk) -> bool:
    return requests.get(f"{desk.address}/ready", timeout=10).status_code == 200
