"""The other ways of hedging: started, filled by turns, asked for their latencies."""

from typing import Any

import msgspec
import requests

from bench.laboratory import WITHIN_S, Laboratory
from hedge_strategy.cli.demo_processes import DemoFailed, python_command

WAYS = ("floor", "sign_on_fill", "usual")


class _Port(msgspec.Struct):
    port: int


class _Ready(msgspec.Struct):
    ready: bool


class Comparisons:
    """Three processes on the laboratory's Redis.

    Args:
        laboratory: starts and ends them.
    """

    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory
        self._session = requests.Session()
        processes, redis_port = laboratory.processes, str(laboratory.redis.port)
        venue = processes.start("hops-venue", python_command("bench.hops_venue"))
        port = processes.wait_for(lambda: venue.first_line(_Port), "the venue of the comparisons", WITHIN_S).port
        self._url = f"http://127.0.0.1:{port}"
        processes.start("hops-maker", python_command("bench.hops_maker", str(port), redis_port))
        hedger = processes.start("hops-hedger", python_command("bench.hops_hedger", str(port), redis_port))
        processes.wait_for(lambda: hedger.first_line(_Ready), "the hedger of the comparisons", WITHIN_S)
        self.hedger_process_id: int = hedger.process_id

    def drill(self, way: str, fills: int, per_s: float) -> int:
        """Sends frames at a pace and waits for an order for each; returns how long frames were sent, nanoseconds."""
        processes, clock = self._laboratory.processes, self._laboratory.clock
        body = {"way": way, "fills": fills, "per_s": per_s}
        began_ns = clock.monotonic_ns()
        processes.wait_for(lambda: self._ask("POST", "rounds", body)["ready"] or None, "the sockets", WITHIN_S)
        clock.sleep(fills / per_s)
        took_ns = clock.monotonic_ns() - began_ns
        processes.wait_for(lambda: self._is_over(fills), f"{fills} orders", WITHIN_S)
        return took_ns

    def latencies_us(self, way: str) -> list[float]:
        """Of all fills of this way since this was asked last."""
        rows = self._ask("GET", f"latencies?way={way}")
        return [(received_ns - framed_ns) / 1_000 for framed_ns, received_ns in rows]

    def _is_over(self, fills: int) -> bool | None:
        return self._ask("GET", "rounds") == {"left": 0, "arrived": fills} or None

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._session.request(method, f"{self._url}/{path}", json=body, timeout=30)
        if answer.status_code != 200:
            raise DemoFailed(f"the venue of the comparisons refuses {path}: {answer.text}")
        return answer.json()
