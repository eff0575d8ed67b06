"""A headless Chromium, driven by the DevTools protocol over its WebSocket: as much of it as these tests take."""

import base64
import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image
from websockets.sync.client import ClientConnection, connect

from tests.polling import wait_until

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ANSWER_S = 20
SHOWN_MAX = 2_000
MISSING = (
    "chromium is missing, so the console's pages are NOT tried in a browser: make chromium, or install one by hand"
)


class Page:
    """One page of it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.complaints: list[str] = []
        """What the page wrote on its console as an error, and exceptions that nobody caught."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One call of the protocol; notes what the page complains of meanwhile."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            heard: dict[str, Any] = json.loads(self._socket.recv(ANSWER_S))
            if heard.get("id") == self._number:
                if "error" in heard:
                    raise AssertionError(f"{method}: {heard['error']['message']}")
                found: dict[str, Any] = heard["result"]
                return found
            self._note(heard)

    def open(self, address: str) -> None:
        """Goes there."""
        self.call("Page.navigate", url=address)

    def ask(self, script: str) -> Any:
        """The value of an expression on the page; a promise is awaited."""
        told = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise AssertionError(f"{script}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def wait(self, script: str, what: str, deadline_s: float = 20) -> Any:
        """Asks until it is true; returns the value."""

        def look() -> Any:
            try:
                return self.ask(script)
            except AssertionError:
                return None  # the page is being changed for another one

        try:
            return wait_until(look, what, deadline_s=deadline_s)
        except AssertionError as error:
            shown = str(self.ask("document.body.innerText"))[:SHOWN_MAX]
            raise AssertionError(f"{error}; the page shows:\n{shown}\nand complains: {self.complaints}") from None

    def has_text(self, text: str, deadline_s: float = 20) -> None:
        """Waits until it is to be read on the page."""
        self.wait(f"document.body.innerText.includes({json.dumps(text)})", f"{text!r} on the page", deadline_s)

    def press(self, selector: str) -> None:
        """Waits for an element that can be pressed, and presses it."""
        at = json.dumps(selector)
        self.wait(f"!!document.querySelector({at}) && !document.querySelector({at}).disabled", f"{selector} to press")
        self.ask(f"document.querySelector({at}).click()")

    def type(self, selector: str, text: str) -> None:
        """Types into a field, as a keyboard does."""
        self.wait(f"!!document.querySelector({json.dumps(selector)})", f"{selector} to type into")
        self.ask(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def look_like(self, *, width: int, height: int, dark: bool, phone: bool = False) -> None:
        """Takes the size of a desktop or a phone, and its theme."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def picture(self, path: Path) -> None:
        """Keeps what is to be seen as a PNG of few colours, which is a third as long."""
        told = self.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)
        with Image.open(io.BytesIO(base64.b64decode(told["data"]))) as seen:
            seen.convert("RGB").quantize(128).save(path, optimize=True)

    def _note(self, heard: dict[str, Any]) -> None:
        parameters = heard.get("params", {})
        if heard.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"]))
        elif heard.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.complaints.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")


def chromium_program() -> str:
    """Where there is none the test fails with one line; a machine of a CI may have none, and skips it by that line."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None and os.environ.get("CI"):
        pytest.skip(MISSING)
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    return found


@contextmanager
def browser_page(folder: Path, more: Sequence[str] = ()) -> Iterator[Page]:
    """One page of a Chromium of its own, which is ended afterwards."""
    profile = folder / "chromium"
    command = [
        chromium_program(),
        "--headless=new",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        "--no-first-run",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--hide-scrollbars",
        "--autoplay-policy=no-user-gesture-required",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        *more,
        "about:blank",
    ]
    log = (folder / "chromium.log").open("wb")
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        told = profile / "DevToolsActivePort"
        wait_until(lambda: told.exists() and len(told.read_text().splitlines()) > 1, "Chromium's port", deadline_s=30)
        port = told.read_text().splitlines()[0]
        pages = requests.get(f"http://127.0.0.1:{port}/json/list", timeout=ANSWER_S).json()
        address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
        with connect(address, max_size=None, compression=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()
