"""Two accounts on a simulated exchange, and a configuration that trades with them: for demos and first steps.

The keys are of the simulated exchange only and worth nothing elsewhere; the file is still made readable for its owner
alone, since people copy what they see. What A and B keep on disk goes into a new folder beside it: accounts opened anew
have nothing to do with what was kept of earlier ones, which may have had the same numbers.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
import yaml

from hedge_strategy.errors import UserError
from hedge_strategy.files import write_whole

ANSWER_TIMEOUT_S = 10
LANE = 4
COLLATERAL_USDC = "100000"
STATE_DIR = ".hedge"


@dataclass(frozen=True, slots=True)
class SimulatedAccounts:
    """What a configuration for the simulated exchange is made of.

    Attributes:
        urls: the exchange's ready line: `url`, `ws_url`, `admin_url`.
        redis_port: of the Redis on the loopback that A and B share.
        order_timeout_s: how long A's order may rest.
        markets: those to be listed, with the size of A's opening orders, on a key of its own each; none: whichever
            --market names, on one key.
    """

    urls: Mapping[str, str]
    redis_port: int = 6379
    order_timeout_s: int = 60
    markets: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def lanes(self) -> tuple[int, ...]:
        """The API keys that either account needs."""
        return tuple(range(LANE, LANE + max(1, len(self.markets))))


def write_simulated_config(wanted: SimulatedAccounts, path: Path) -> dict[str, int]:
    """Opens two premium accounts and writes the configuration file.

    Args:
        wanted: which exchange and Redis.
        path: the file; replaced where it exists.

    Returns:
        The account indexes, by `account_a` and `account_b`.

    Raises:
        UserError: the exchange does not answer, or the file cannot be written.
    """
    accounts = {name: _open_account(wanted) for name in ("account_a", "account_b")}
    tree: dict[str, Any] = {
        "accounts": {
            name: {
                "account_name": "maker" if name == "account_a" else "hedger",
                "account_index": answer["account_index"],
                **_keys(answer["api_keys"], wanted),
            }
            for name, answer in accounts.items()
        },
        **({"markets": _listed(wanted.markets)} if wanted.markets else {}),
        "redis": {"host": "127.0.0.1", "port": wanted.redis_port, "db": 0},
        "lighter": {
            "base_url": wanted.urls["url"],
            "ws_url": wanted.urls["ws_url"],
            "account_tier": "premium",
            "maker_order_time_out": wanted.order_timeout_s,
        },
    }
    try:
        state = path.absolute().parent / STATE_DIR
        state.mkdir(parents=True, exist_ok=True)
        tree["state_dir"] = tempfile.mkdtemp(prefix="simulated-", dir=state)
        note = "# Made for the simulated exchange; these keys are worth nothing elsewhere.\n"
        write_whole(path, (note + yaml.safe_dump(tree, sort_keys=False)).encode())
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
    return {name: int(answer["account_index"]) for name, answer in accounts.items()}


def _listed(markets: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    return [{"symbol": symbol, "quantity": f"{quantity:f}"} for symbol, quantity in markets.items()]


def _keys(made: Mapping[str, Mapping[str, str]], wanted: SimulatedAccounts) -> dict[str, Any]:
    keys = [{"index": lane, "private_key": made[str(lane)]["private_key"]} for lane in wanted.lanes]
    if wanted.markets:
        return {"api_keys": keys}
    return {"api_key_index": keys[0]["index"], "api_key_private_key": keys[0]["private_key"]}


def _open_account(wanted: SimulatedAccounts) -> dict[str, Any]:
    keys = {str(lane): None for lane in wanted.lanes}
    body = {"tier": "premium", "collateral": COLLATERAL_USDC, "api_keys": keys}
    try:
        answer = requests.post(f"{wanted.urls['admin_url']}/sim/v1/accounts", json=body, timeout=ANSWER_TIMEOUT_S)
        answer.raise_for_status()
        account: dict[str, Any] = answer.json()
    except requests.RequestException as error:
        raise UserError(f"the simulated exchange opens no account: {error}") from error
    return account
