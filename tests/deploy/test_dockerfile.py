"""What `Dockerfile` and `.dockerignore` promise, read from the files themselves."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
STARTS = [number for number, line in enumerate(LINES) if line.startswith("FROM ")]
LAST = LINES[STARTS[-1] :]


def said(instruction: str) -> str:
    """What the last stage says behind an instruction, the last time it does."""
    return [line for line in LAST if line.startswith(f"{instruction} ")][-1].removeprefix(instruction).strip()


def test_both_stages_are_of_the_public_python_image() -> None:
    assert "ARG PYTHON_IMAGE=python:3.11-slim" in LINES
    assert [LINES[start].split()[1] for start in STARTS] == ["${PYTHON_IMAGE}"] * 2


def test_the_last_stage_installs_nothing() -> None:
    text = "\n".join(LAST)
    assert not any(word in text for word in ("pip install", "apt-get", "apk add", "curl", "gcc"))


def test_it_runs_as_nobody_special_and_without_a_shell() -> None:
    assert said("USER") == "10001:10001", "by number, so that runAsNonRoot can be held against it"
    assert json.loads(said("ENTRYPOINT")) == ["hedge"]
    assert said("STOPSIGNAL") == "SIGTERM"


def test_it_says_how_it_is() -> None:
    command = json.loads(said("HEALTHCHECK").partition("CMD ")[2])
    assert command == ["hedge", "healthcheck", "--config", "/etc/hedge/config.yaml"]


def test_no_secret_can_be_given_while_it_is_built() -> None:
    assert [line for line in LINES if line.startswith("ARG ")] == ["ARG PYTHON_IMAGE=python:3.11-slim"]


def test_settings_keys_and_state_stay_out_of_the_image() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    assert ignored[0] == "*"
    assert {line for line in ignored if line.startswith("!")} == {
        "!hedge_strategy", "!pyproject.toml", "!README.md", "!LICENSE",
    }  # fmt: skip
