"""What every answer carries, and what is refused before the console itself is asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hedge_strategy.console.door import BODY_BYTES_MAX
from tests.console.scene import ADDRESS, PASSWORD, Console, console_scene


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder: Path = tmp_path_factory.mktemp("console")
    with console_scene(folder) as console:
        yield console


@pytest.mark.parametrize("path", ["/", "/health", "/api/status", "/web/main.js", "/nothing"])
def test_no_page_of_ours_runs_or_fetches_what_is_not_ours(console: Console, path: str) -> None:
    headers = console.visitor().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert "access-control-allow-origin" not in headers


def test_another_name_is_refused(console: Console) -> None:
    told = console.visitor("http://rebound.example:8080").get("/api/session")
    assert told.status_code == 403
    assert "console.hosts" in told.json()["detail"]
    assert console.visitor("http://10.0.0.9:8080").get("/health").status_code == 200


def test_what_is_no_json_or_too_long_is_refused(console: Console) -> None:
    client = console.visitor()
    form = client.post("/api/login", data={"password": PASSWORD}, headers={"Origin": ADDRESS})
    assert form.status_code == 415, "a form of another site cannot send JSON"
    long = client.post("/api/login", json={"password": "x" * BODY_BYTES_MAX}, headers={"Origin": ADDRESS})
    assert long.status_code == 413
    endless = client.post(
        "/api/login", content=iter([b"{}"]), headers={"Origin": ADDRESS, "Content-Type": "application/json"}
    )
    assert endless.status_code == 413


def test_nothing_on_a_page_comes_from_elsewhere() -> None:
    from hedge_strategy.console.app import WEB_FOLDER

    own = [path for path in WEB_FOLDER.iterdir() if path.suffix in (".html", ".js", ".css")]
    assert len(own) > 8
    for path in own:
        text = path.read_text(encoding="utf-8")
        assert "//cdn" not in text and "https://" not in text, path.name
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc"):
            assert sink not in text, f"{path.name}: {sink} could make markup of what somebody sent"
