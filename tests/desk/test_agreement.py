"""After faults in the midst of fills, `hedge status` and the console say what the exchange's own books say."""

import json
import random
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.chaos.faults import KINDS
from tests.chaos.rounds import Day
from tests.chaos.system import MAKER, MARKET
from tests.desk.demo import READ_TOKEN, hedge
from tests.polling import wait_until
from tests.product import ROOT, ProductProcess

pytestmark = [pytest.mark.desk, pytest.mark.process]
FILLS = 5
QUIET_WITHIN_S = 60
ANSWER_S = 20


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    day = Day(tmp_path / "day", 7, random.Random(7))
    try:
        yield day
    finally:
        day.close()


@pytest.fixture
def settings(day: Day, tmp_path: Path) -> Path:
    tree = yaml.safe_load(day.system.config(MAKER).read_text())
    path = tmp_path / "desk.yaml"
    path.write_text(yaml.safe_dump({**tree, "console": {"read_token": READ_TOKEN}}))
    return path


@pytest.fixture
def console(day: Day, settings: Path, tmp_path: Path) -> Iterator[str]:
    command = hedge("console", "--config", settings, "--listen", "127.0.0.1:0")
    process = ProductProcess("console", command, tmp_path, tmp_path, {"PYTHONPATH": str(ROOT)})
    try:
        yield wait_until(lambda: process.output.strip(), "the console's address", deadline_s=60)
    finally:
        process.interrupt()
        process.wait(30)


def held(day: Day, account: int) -> Decimal:
    rows = day.system.exchange.truth("positions", account_index=account, market_index=MARKET)
    return sum((Decimal(row["size"]) for row in rows), Decimal(0))


def told(report: dict[str, Any]) -> tuple[Decimal | None, ...]:
    (market,) = report["markets"]
    return tuple(None if one is None else Decimal(one["size"]) for one in (market["positions"][name] for name in "AB"))


@pytest.mark.timeout(240)
def test_both_agree_with_the_venue_after_faults(day: Day, console: str, settings: Path, tmp_path: Path) -> None:
    chance = random.Random(7)
    for kind in ("kill_hedger", "socket_cut"):
        day.flow.go_on()
        for _ in range(FILLS):
            day.flow.wait_fill(4.0)
        KINDS[kind](day.system, chance)
        for _ in range(FILLS):
            day.flow.wait_fill(4.0)
    day.flow.stand_still()
    assert not day.flow.problem
    day.system.exchange.disarm()
    wait_until(lambda: day.reader.why_not_quiet() is None and day.quotes(), "quiet", deadline_s=QUIET_WITHIN_S)

    truth = tuple(held(day, account) for account in (day.system.accounts.maker, day.system.accounts.hedger))
    done = subprocess.run(
        hedge("status", "--venue", "--json", "--config", settings),
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    (market,) = json.loads(done.stdout)["markets"]
    assert told(json.loads(done.stdout)) == truth
    assert [market["positions"][name]["told_by"] for name in "AB"] == ["venue", "venue"]
    assert (market["positions"]["A"]["resting"], market["positions"]["B"]["resting"]) == (1, 0)
    assert (market["unhedged_lots"], Decimal(market["exposure"])) == (0, sum(truth))

    def seen() -> Any:
        answer = requests.get(
            f"{console}api/status", headers={"Authorization": f"Bearer {READ_TOKEN}"}, timeout=ANSWER_S
        )
        return answer.json()["report"]

    def says_the_same() -> bool:
        report = seen()
        (shown,) = report["markets"]
        return told(report) == truth and (shown["maker"]["state"], shown["hedger"]["state"]) == ("quoting", "hedging")

    wait_until(says_the_same, "the console to say the same", deadline_s=30)
    (shown,) = seen()["markets"]
    assert [shown["positions"][name]["told_by"] for name in "AB"] == ["venue", "venue"]
    assert shown["lease"]["owner"] == market["lease"]["owner"]
    assert shown["maker"]["order"]["price"] is not None
