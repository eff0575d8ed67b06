"""CCXT's lighter, unmodified, in an environment of its own: it trades on the simulated exchange without noticing."""

import json
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.serving import RunningExchange, TestAccount, running_exchange

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(400)]

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[1] / ".venv-ccxt"
BUILD_TIMEOUT_S = 300
SESSION_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def environment() -> Path:
    """The CCXT environment; built here where it is missing and the package index answers."""
    built = subprocess.run(
        ["sh", str(HERE / "ccxt_environment.sh"), str(ENVIRONMENT)],
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
        check=False,
    )
    if built.returncode:
        pytest.fail(built.stderr.strip().splitlines()[-1], pytrace=False)
    return ENVIRONMENT


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        yield running


def signer_library(environment: Path) -> Path:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    system = platform.system().lower()
    ending = {"linux": "so", "darwin": "dylib"}[system]
    (found,) = environment.glob(
        f"lib/python3*/site-packages/lighter/signers/lighter-signer-{system}-{machine}.{ending}"
    )
    return found


def ccxt_session(environment: Path, exchange: RunningExchange, account: TestAccount) -> dict[str, Any]:
    settings = {
        "url": exchange.url,
        "ws_url": exchange.ws_url,
        "account_index": account.index,
        "api_key_index": account.api_key_index,
        "private_key": account.private_key,
        "library_path": str(signer_library(environment)),
    }
    ended = subprocess.run(
        [environment / "bin" / "python", HERE / "ccxt_session.py", json.dumps(settings)],
        capture_output=True,
        text=True,
        timeout=SESSION_TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2_000:]
    seen: dict[str, Any] = json.loads(ended.stdout)
    return seen


def test_ccxt_loads_markets_places_watches_cancels_and_reads(environment: Path, exchange: RunningExchange) -> None:
    account = exchange.account()
    seen = ccxt_session(environment, exchange, account)
    assert seen == {
        "markets": {
            "ETH": ["0", "0.0001", "0.01"],
            "BTC": ["1", "1e-05", "0.1"],
            "SOL": ["2", "0.001", "0.001"],
        },
        "book": [20, 20, True],
        "watched_book_agrees": True,
        "placed_client_id": "4711",
        "watched_order": ["4711", "open", "0.0002"],
        "fetched_order": ["open", "True", "True"],
        "watched_cancel": ["4711", "canceled"],
        "fetched_cancel": ["canceled", "0.0"],
        "watched_fill": ["BTC/USDC:USDC", "taker", "buy"],
        "order_status": "closed",
        "traded": "0.0003",
        "position": ["long", "0.0003"],
        "usdc": True,
    }
    orders = exchange.admin(f"transactions?account_index={account.index}")["transactions"]
    assert [(one["tx_type"], one["code"]) for one in orders] == [(14, 200), (15, 200), (14, 200)]
