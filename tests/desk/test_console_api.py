"""Requests of every form that the console describes, and of many that it does not: never an error of ours."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from hedge_strategy.clock import SystemClock
from hedge_strategy.config.reader import parse_config
from hedge_strategy.config.secret import Secret
from hedge_strategy.console.passwords import hash_of
from hedge_strategy.consoling import ConsoleServer
from tests.cli.settings_file import KEYS, TEXT
from tests.polling import wait_until
from tests.redis_server import running_redis

pytestmark = pytest.mark.desk
PASSWORD = "correct horse battery"
EXAMPLES = 30
ENDS_A_LOGIN = ("/api/login", "/api/logout")
MANY = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("console")
    with running_redis(folder) as redis:
        text = TEXT.replace("port: 1}", f"port: {redis.port}}}") + "console: {asks_venue: false}\n"
        config = parse_config(text, KEYS)
        console = msgspec.structs.replace(config.console, password_hash=Secret(hash_of(PASSWORD)))
        config = msgspec.structs.replace(config, state_dir=str(folder), console=console)
        server = ConsoleServer(config, "127.0.0.1:0", SystemClock())
        thread = threading.Thread(target=server.run)
        thread.start()
        address = f"http://127.0.0.1:{server.port}"
        try:
            wait_until(lambda: requests.get(f"{address}/ready", timeout=10).ok, "readiness", deadline_s=30)
            yield address
        finally:
            server.ask_to_stop()
            thread.join(20)


@pytest.fixture(scope="module")
def session(address: str) -> requests.Session:
    """Of somebody who may change something."""
    session = requests.Session()
    session.headers["Origin"] = address
    told = session.post(f"{address}/api/login", json={"password": PASSWORD}, timeout=10)
    session.headers["X-CSRF-Token"] = told.json()["csrf"]
    return session


@pytest.fixture(scope="module")
def operations(address: str, session: requests.Session) -> list[Any]:
    described = session.get(f"{address}/api/openapi.json", timeout=10).json()
    found = schemathesis.openapi.from_dict(described)
    found.config.update(base_url=address)
    return [one.ok() for one in found.get_all_operations()]


def each(operation: Any, check: Callable[[Any], None]) -> None:
    """Checks cases of one operation, of those that the description allows and of those that it does not."""
    for mode in GenerationMode:
        with suppress(Unsatisfiable):  # nothing can be wrong with a path that takes nothing
            MANY(given(case=operation.as_strategy(generation_mode=mode))(check))()


def test_all_paths_are_described(operations: list[Any]) -> None:
    assert {one.path for one in operations} >= {"/health", "/api/status", "/api/commands", "/api/login"}
    assert len(operations) > 10


def test_who_is_logged_in_meets_no_error_of_ours(operations: list[Any], session: requests.Session) -> None:
    seen = Counter[int]()

    def check(case: Any) -> None:
        answer = case.call(session=session, headers=dict(session.headers))
        seen[answer.status_code] += 1
        assert answer.status_code < 500, answer.text

    for operation in operations:
        if operation.path not in ENDS_A_LOGIN:
            each(operation, check)
    assert seen[200] > EXAMPLES
    assert seen[201], "a command was given"
    assert seen[422], "a request that is not allowed was refused"


def test_who_is_not_logged_in_changes_nothing(operations: list[Any], address: str) -> None:
    def check(case: Any) -> None:
        answer = case.call(headers={"Origin": address})
        assert answer.status_code < 500, answer.text
        if case.method != "GET":
            assert answer.status_code >= 400, "a request without a login was carried out"

    for operation in operations:
        each(operation, check)
