"""Everything that the chaos harms: Redis with its append-only file, A, B and a second B that waits; and the exchange.

Every process has a folder of its own for what it keeps on disk, as on machines of their own.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import yaml

from tests.chaos.exchange_process import ExchangeProcess
from tests.chaos.supervised import Supervised, Supervisor
from tests.product import ROOT
from tests.simulator.live_exchange import BTC

MAKER, HEDGER, STANDBY, REDIS = "maker", "hedger", "standby", "redis"
LANES = {HEDGER: 4, STANDBY: 5}
MARKET, SYMBOL, QUANTITY, DEPTH = BTC, "BTC", "0.00100", "1"
ORDER_TIMEOUT_S = 4
"""Short, so that A's own cancels meet fills often."""
DEAD_MAN_MS = 10_000
LEASE_MS = 3_000
READY_WITHIN_S = 15
AUDIT_WITHIN_S = 60
SIZES_KEPT = 400

Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Accounts:
    """A's and B's numbers at the exchange, with the private keys by lane."""

    maker: int
    hedger: int
    keys: dict[str, dict[str, str]]


class System:
    """One running product; `close` must be called in the end.

    Args:
        folder: for all files; made.
        seed: of the exchange.
        settings: sections of A's and B's configuration, changed.
    """

    def __init__(self, folder: Path, seed: int, *, settings: Settings | None = None) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._changes = settings or {}
        self._starts = 0
        self.port = _free_port()
        self.supervisor = Supervisor()
        self.file_sizes: deque[tuple[float, int]] = deque(maxlen=SIZES_KEPT)
        self.exchange = ExchangeProcess(folder, seed)
        try:
            self.accounts = self._open_accounts()
            self._start_redis()
            for name in (HEDGER, STANDBY, MAKER):
                self.supervisor.add(Supervised(name, lambda name=name: self._start_process(name)))  # type: ignore[misc]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends everything."""
        self.supervisor.close()
        self.exchange.end()

    def redis_client(self) -> redis.Redis:
        """A connection to the Redis that A and B share."""
        return redis.Redis(host="127.0.0.1", port=self.port, socket_timeout=2, protocol=2)

    @property
    def append_only_folder(self) -> Path:
        """Where Redis keeps its data."""
        return self.folder / "redis" / "appendonlydir"

    def note_file_size(self) -> None:
        """Remembers how long the append-only file is now, so that it can be cut back to what it was a second ago."""
        newest = self.newest_file()
        if newest is not None:
            self.file_sizes.append((time.monotonic(), newest.stat().st_size))

    def newest_file(self) -> Path | None:
        """The file that Redis appends to."""
        found = sorted(self.append_only_folder.glob("*.incr.aof"), key=lambda path: path.stat().st_mtime_ns)
        return found[-1] if found else None

    def forget_data(self) -> None:
        """Removes what Redis kept."""
        shutil.rmtree(self.append_only_folder, ignore_errors=True)
        self.file_sizes.clear()

    def owner(self) -> str:
        """Which of the two hedgers has sent the last transaction, by the exchange's own record."""
        sent = self.exchange.truth("transactions", account_index=self.accounts.hedger)
        lanes = [row["api_key_index"] for row in sent[-5:]]
        is_standby = bool(lanes) and lanes[-1] == LANES[STANDBY] and self.supervisor.places[STANDBY].wanted
        return STANDBY if is_standby else HEDGER

    def tracebacks(self) -> list[str]:
        """Logs with a mistake of the program in them: there must never be any."""
        found = []
        for path in sorted(self.folder.glob("*.err")):
            text = path.read_text(errors="replace")
            if "Traceback" in text or "a mistake in this program" in text:
                found.append(f"{path.name}: {text[text.find('Traceback') :][:600]}")
        return found

    def audit(self) -> int:
        """What `hedge audit` ends with; what it says is in `audit.out`."""
        command = [sys.executable, "-m", "hedge_strategy", "audit", "--market", SYMBOL, "--config"]
        with (self.folder / "audit.out").open("wb") as out:
            done = subprocess.run(
                [*command, str(self.config(MAKER))],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                timeout=AUDIT_WITHIN_S,
                check=False,
            )
        return done.returncode

    # --- starting -----------------------------------------------------------------------------------------------------

    def _open_accounts(self) -> Accounts:
        opened = {name: self.exchange.open_account() for name in ("account_a", "account_b")}
        keys = {
            name: {lane: key["private_key"] for lane, key in account["api_keys"].items()}
            for name, account in opened.items()
        }
        return Accounts(opened["account_a"]["account_index"], opened["account_b"]["account_index"], keys)

    def _start_redis(self) -> None:
        (self.folder / "redis").mkdir()
        self.supervisor.add(Supervised(REDIS, self._redis_process))
        give_up_at_s = time.monotonic() + READY_WITHIN_S
        with self.redis_client() as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    if time.monotonic() > give_up_at_s:
                        raise

    def _redis_process(self) -> "subprocess.Popen[bytes]":
        program = shutil.which("redis-server")
        if program is None:
            raise AssertionError("redis-server is not installed; `make redis` installs it")
        settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder / "redis"),
            "logfile": "redis.log",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
        }
        arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _start_process(self, name: str) -> "subprocess.Popen[bytes]":
        self._starts += 1
        script = "main_A.py" if name == MAKER else "main_B.py"
        command = [sys.executable, str(ROOT / script), "--market", SYMBOL, "--log-json"]
        command += ["--config", str(self.config(name))]
        if name == MAKER:
            command += ["--quantity", QUANTITY, "--depth", DEPTH]
        stem = self.folder / f"{name}-{self._starts:03d}"
        with stem.with_suffix(".out").open("wb") as out, stem.with_suffix(".err").open("wb") as err:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )

    def config(self, name: str) -> Path:
        """The configuration of this process."""
        path = self.folder / f"{name}.yaml"
        if not path.exists():
            path.write_text(yaml.safe_dump(self._settings(name, LANES.get(name, 4))))
        return path

    def _settings(self, name: str, lane: int) -> dict[str, Any]:
        accounts = (("account_a", self.accounts.maker), ("account_b", self.accounts.hedger))
        tree: dict[str, Any] = {
            "accounts": {
                account: {
                    "account_index": index,
                    "api_key_index": lane,
                    "api_key_private_key": self.accounts.keys[account][str(lane)],
                }
                for account, index in accounts
            },
            "state_dir": str(self.folder / f"{name}-state"),
            "redis": {"host": "127.0.0.1", "port": self.port},
            "lighter": {
                "base_url": self.exchange.url,
                "ws_url": self.exchange.ws_url,
                "account_tier": "premium",
                "maker_order_time_out": ORDER_TIMEOUT_S,
                "dead_man_ms": DEAD_MAN_MS,
            },
            "strategy": {"lease_ms": LEASE_MS, "ws_reconnect_delay": 1},
        }
        return tree | {section: {**tree[section], **changed} for section, changed in self._changes.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
