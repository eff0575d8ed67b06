"""The image and the compose file with a real engine: it trades at once, and a hedger that is killed loses nothing.

Needs a Docker engine, compose (either) and the base images or a registry; skipped where there is no engine.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.polling import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
CONFIG = ("--config", "/etc/hedge/config.yaml")
TRADES_WITHIN_S = 90
TAKEN_OVER_WITHIN_S = 30


class Compose:
    """The project under a name of its own."""

    def __init__(self, command: list[str]) -> None:
        self._command = [*command, "--project-name", f"hedge-test-{os.getpid()}", "--profile", "sim"]

    def run(self, *arguments: str, wanted: int | None = 0, timeout_s: int = 300) -> str:
        """Runs it and returns its output; `wanted` None takes any exit code."""
        done = subprocess.run(
            [*self._command, *arguments],
            cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False,
            env={**os.environ, "HEDGE_IMAGE": "hedge-strategy:test", "HEDGE_CONFIG": "./deploy/compose/sim.yaml"},
        )  # fmt: skip
        assert wanted is None or done.returncode == wanted, done.stdout + done.stderr
        return done.stdout

    def market(self) -> dict[str, Any]:
        """What `hedge status` says of BTC; empty while it says nothing."""
        said = self.run("exec", "-T", "maker", "hedge", "status", "--json", *CONFIG, wanted=None)
        return dict(json.loads(said)["markets"][0]) if said.startswith("{") and json.loads(said)["markets"] else {}


def compose_command() -> list[str]:
    """Either form of compose; skips where there is none, or no engine."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine answers")
    if subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return [docker, "compose"]
    older = shutil.which("docker-compose")
    if older is None:
        pytest.skip("neither `docker compose` nor `docker-compose` is installed")
    return [older]


@pytest.fixture
def compose() -> Iterator[Compose]:
    compose = Compose(compose_command())
    compose.run("build", timeout_s=500)
    try:
        compose.run("up", "-d", "--scale", "hedger=3")
        yield compose
    finally:
        compose.run("down", "-v", "--remove-orphans", wanted=None)


def test_it_trades_and_the_owner_that_is_killed_loses_nothing(compose: Compose) -> None:
    def hedged() -> str:
        market = compose.market()
        return str(market["lease"]["owner"]) if market.get("ok") and market["hedger"].get("last_hedge") else ""

    owner = wait_until(hedged, "a fill that was hedged", deadline_s=TRADES_WITHIN_S)
    host = owner.split("-")[1]
    assert "hedging" in compose.run("exec", "-T", "maker", "hedge", "status", *CONFIG, wanted=None)
    subprocess.run(["docker", "kill", host], check=True, capture_output=True, timeout=60)
    wait_until(lambda: hedged() not in ("", owner), "another owner that hedges", deadline_s=TAKEN_OVER_WITHIN_S)
    compose.run("exec", "-T", "maker", "hedge", "pause", *CONFIG)
    audit = json.loads(compose.run("exec", "-T", "maker", "hedge", "audit", "--market", "BTC", "--json", *CONFIG))
    assert (audit["ok"], bool(audit["orders"])) == (True, True)
    compose.run("stop", "maker", "hedger")
    codes = compose.run("ps", "-q", "maker").split()
    ended = subprocess.run(
        ["docker", "inspect", "--format", "{{.State.ExitCode}}", *codes], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["0"], "asked to end, it drained and said so"
