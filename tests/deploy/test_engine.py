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
TRADES_WITHIN_S = 150
TAKEN_OVER_WITHIN_S = 30
SYMBOLS = ("ETH", "BTC", "SOL")


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

    def markets(self) -> dict[str, dict[str, Any]]:
        """What `hedge status` says of each market; empty while it says nothing."""
        said = self.run("exec", "-T", "maker", "hedge", "status", "--json", *CONFIG, wanted=None)
        return {str(one["market"]): one for one in json.loads(said)["markets"]} if said.startswith("{") else {}


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


def test_three_hedgers_share_the_markets_and_one_that_is_killed_loses_nothing(compose: Compose) -> None:
    def owners() -> dict[str, str]:
        """Who hedges where, once each market has had a hedge."""
        markets = compose.markets()
        hedged = all(one["ok"] and one["hedger"].get("last_hedge") for one in markets.values())
        return {name: str(one["lease"]["owner"]) for name, one in markets.items()} if markets and hedged else {}

    def shared() -> dict[str, str]:
        found = owners()
        return found if len({host_of(owner) for owner in found.values()}) == len(SYMBOLS) else {}

    before = wait_until(shared, "each hedger with a market, and hedged there", deadline_s=TRADES_WITHIN_S)
    assert set(before) == set(SYMBOLS)
    lost = before["BTC"]
    subprocess.run(["docker", "kill", host_of(lost)], check=True, capture_output=True, timeout=60)

    def taken_over() -> bool:
        return owners().get("BTC", lost) != lost

    wait_until(taken_over, "another owner that hedges BTC", deadline_s=TAKEN_OVER_WITHIN_S)
    compose.run("exec", "-T", "maker", "hedge", "pause", *CONFIG)
    for symbol in SYMBOLS:
        told = compose.run("exec", "-T", "maker", "hedge", "audit", "--market", symbol, "--json", *CONFIG)
        audit = json.loads(told)
        assert (symbol, audit["ok"], bool(audit["orders"])) == (symbol, True, True)
    compose.run("stop", "maker", "hedger")
    codes = compose.run("ps", "-q", "maker").split()
    ended = subprocess.run(
        ["docker", "inspect", "--format", "{{.State.ExitCode}}", *codes], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["0"], "asked to end, it drained and said so"


def host_of(owner: str) -> str:
    """A container is named by the host name in the name of its run."""
    return owner.split("-")[1]
