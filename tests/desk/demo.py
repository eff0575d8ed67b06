"""`hedge demo`, a journal and a console as real processes, and the exchange's own truth of what they do."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
import yaml

from hedge_strategy.coordination.alert_board import AlertBoard, AlertNotice
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.endpoint import RedisSettings
from tests.polling import wait_until
from tests.product import ROOT, ProductProcess

PASSWORD = "correct horse battery staple"
READ_TOKEN = "dashboards-may-look"
START_WITHIN_S = 60
ANSWER_S = 10
DEMO_S = 3_600
"""Longer than any test: it is ended when that is over."""


def hedge(*arguments: str | Path) -> list[str]:
    """A command of the product."""
    return [sys.executable, "-m", "hedge_strategy", *map(str, arguments)]


@dataclass
class Desk:
    """What runs, and what the exchange says of it."""

    folder: Path
    config: Path
    admin_url: str
    address: str
    redis_port: int

    def truth(self, kind: str, account: int) -> list[dict[str, Any]]:
        """Rows of the exchange's own books: 1 is A, 2 is B."""
        answer = requests.get(f"{self.admin_url}/sim/v1/{kind}", {"account_index": account}, timeout=ANSWER_S)
        rows: list[dict[str, Any]] = answer.json()[kind]
        return rows

    def resting(self) -> int:
        """How many orders of A are on the book."""
        return sum(order["status"] == "open" for order in self.truth("orders", 1))

    def positions(self) -> tuple[Decimal, Decimal]:
        """A's and B's."""
        a, b = (
            sum((Decimal(row["size"]) for row in self.truth("positions", account)), Decimal(0)) for account in (1, 2)
        )
        return a, b

    def say(self, notice: AlertNotice) -> None:
        """Puts an alert up, as the alerter does."""
        with connect(RedisSettings("127.0.0.1", self.redis_port, 0)) as client:
            AlertBoard(client).put(notice)


@contextmanager
def running_desk(folder: Path) -> Iterator[Desk]:
    """Exchange, Redis, A and B of a demo, with a journal and a console beside them; all are ended afterwards."""
    demo_folder = folder / "demo"
    processes: list[ProductProcess] = []

    def start(name: str, *arguments: str | Path) -> ProductProcess:
        process = ProductProcess(name, hedge(*arguments), folder, folder, {"PYTHONPATH": str(ROOT)})
        processes.append(process)
        return process

    try:
        start("demo", "demo", "--seconds", str(DEMO_S), "--keep", demo_folder)
        config, told = demo_folder / "config.yaml", demo_folder / "exchange.out"
        wait_until(lambda: config.exists() and "redis" in config.read_text(), "the settings", deadline_s=START_WITHIN_S)
        settings = yaml.safe_load(config.read_text())
        admin_url = json.loads(told.read_text().splitlines()[0])["admin_url"]
        settings["console"] = {"read_token": READ_TOKEN}
        with_console = folder / "console.yaml"
        with_console.write_text(yaml.safe_dump(settings))
        subprocess.run(
            hedge("console", "set-password", "--config", with_console),
            input=PASSWORD.encode(), cwd=folder, env={"PYTHONPATH": str(ROOT)}, check=True, timeout=START_WITHIN_S,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        start("journal", "journal", "--config", with_console)
        console = start("console", "console", "--config", with_console, "--listen", "127.0.0.1:0")
        found = wait_until(
            lambda: re.search(r"http://127\.0\.0\.1:\d+", console.output), "the address", deadline_s=START_WITHIN_S
        )
        yield Desk(folder, with_console, admin_url, found.group(), settings["redis"]["port"])
    finally:
        for process in reversed(processes):
            if process.code is None:
                process.interrupt()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
