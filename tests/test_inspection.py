"""What a person reads: built from the settings, over a real Redis and the simulated exchange."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hedge_strategy.cli.simulated_accounts import SimulatedAccounts, write_simulated_config
from hedge_strategy.clock import SystemClock
from hedge_strategy.config.alerting import Alerting
from hedge_strategy.config.reader import read_config
from hedge_strategy.config.schema import Config
from hedge_strategy.coordination.commands import Action, Command
from hedge_strategy.coordination.status_board import ProcessStatus
from hedge_strategy.errors import UserError
from hedge_strategy.inspection import audit_once, look_at_accounts, missing_alerter, open_switchboard
from tests.redis_server import running_redis
from tests.simulator.live_exchange import live_exchange

CLOCK = SystemClock()


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Config]:
    with live_exchange() as exchange, running_redis(tmp_path) as redis:
        path = tmp_path / "sim.yaml"
        write_simulated_config(SimulatedAccounts(msgspec.structs.asdict(exchange.urls), redis.port), path)
        yield msgspec.structs.replace(read_config(path, {}), state_dir=str(tmp_path / "state"))


def test_both_accounts_are_looked_at_on_the_venue(config: Config) -> None:
    found = look_at_accounts(config, ["BTC", "ETH"], CLOCK)
    assert [(one.market, one.account, one.is_flat) for one in found] == [
        ("BTC", "A", True), ("ETH", "A", True), ("BTC", "B", True), ("ETH", "B", True)
    ]  # fmt: skip


def test_the_switchboard_sends_and_reads(config: Config) -> None:
    switchboard = open_switchboard(config)
    assert (switchboard.board.read(), switchboard.markets(), switchboard.leases.read("BTC")) == ((), (), None)
    command_id = switchboard.commands.send(Command(action=Action.PAUSE))
    standing = switchboard.commands.standing("BTC")
    assert standing is not None
    assert standing.command_id == command_id
    assert switchboard.totals("BTC").unhedged_lots == 0


def test_a_market_in_which_no_maker_ever_ran_cannot_be_audited(config: Config) -> None:
    with pytest.raises(UserError, match="never run in BTC"):
        audit_once(config, ["BTC"], CLOCK)


def test_rules_that_nobody_looks_after_are_told(config: Config) -> None:
    alerter = ProcessStatus("alerter-1", {"role": "alerter", "state": "watching"})
    waiting = ProcessStatus("alerter-2", {"role": "alerter", "state": "standby"})
    with_rules = msgspec.structs.replace(config, alerts=Alerting(file="rules.yaml"))
    assert missing_alerter(config, ()) == ""
    assert missing_alerter(with_rules, (alerter, waiting)) == ""
    assert "hedge alerts run" in missing_alerter(with_rules, (waiting,))
