"""The pages are there, and whole."""

import re
from pathlib import Path

from hedge_strategy.console.app import WEB_FOLDER
from tests.console.scene import console_scene


def test_every_file_that_a_page_names_is_served(tmp_path: Path) -> None:
    with console_scene(tmp_path) as console:
        client = console.visitor()
        named = set(re.findall(r'(?:src|href)="(/web/[^"]+)"', client.get("/").text))
        named |= {
            f"/web/{name}"
            for path in WEB_FOLDER.glob("*.js")
            for name in re.findall(r'from "\./(.+?)"', path.read_text())
        }
        assert len(named) > 10
        assert {path: client.get(path).status_code for path in named} == dict.fromkeys(named, 200)
        assert client.get("/web/../app.py").status_code == 404
        assert client.get("/web/%2e%2e/app.py").status_code == 404


def test_the_charting_library_comes_with_its_licence() -> None:
    assert "Copyright" in (WEB_FOLDER / "vendor" / "LICENSE-uPlot.txt").read_text()
