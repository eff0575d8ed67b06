"""A's looks at Redis: what the user wants is heard, answered and stays; where A stands is on the board."""

from pathlib import Path
from typing import Any

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.checkpoint import Checkpoints
from hedge_strategy.coordination.commands import Action, Command, Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.disk import maker_checkpoint, maker_command
from hedge_strategy.coordination.lease import Leases
from hedge_strategy.coordination.presence import HedgerPresence, HedgerState, Presence
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.maker.events import Acknowledge, CoordinationSeen, StandingCommand
from hedge_strategy.maker.lookout import UNSAID_MAX, Lookout, Notices
from hedge_strategy.maker.record import CheckpointRecord
from tests.notices import maker_may_rest, tell_hedger
from tests.redis_server import running_redis

STATE: dict[str, Any] = {"state": "waiting", "reason": "no hedger owns the market"}


def _notices(client: redis.Redis, folder: Path) -> Notices:
    record = CheckpointRecord(maker_checkpoint(folder, "BTC", 7), Checkpoints(client, "BTC", 7))
    record.open(lambda: 0, 1_760_000_000_000)
    return Notices(
        7,
        RoundTrips(client),
        Presence("BTC", life_ms=2_000),
        Commands(client),
        StatusBoard(client, life_ms=5_000),
        record,
        maker_command(folder, "BTC", 7),
    )


def _lookout(notices: Notices) -> Lookout:
    return Lookout(notices, "BTC", "a-1", SystemClock())


def test_it_sees_owner_and_drain_and_says_whether_an_order_rests(real: redis.Redis, tmp_path: Path) -> None:
    notices = _notices(real, tmp_path)
    lookout = _lookout(notices)
    assert lookout.look(True) == CoordinationSeen(None, False, None)
    assert maker_may_rest(real, "BTC")
    Leases(real, life_ms=60_000).acquire("BTC", owner="b-1", lane=4)
    assert lookout.look(False) == CoordinationSeen(None, False, None), "it has not said that it hedges"
    tell_hedger(real, "BTC", HedgerPresence(HedgerState.HEDGING, maker_account_index=8))
    assert lookout.look(False).hedger is None, "it hedges somebody else"
    tell_hedger(real, "BTC", HedgerPresence(HedgerState.DRAINING, maker_account_index=7))
    assert lookout.look(False) == CoordinationSeen("b-1", True, None)
    assert not maker_may_rest(real, "BTC")


def test_what_the_owner_before_said_is_none_of_the_next_ones(real: redis.Redis, tmp_path: Path) -> None:
    """A dead hedger's notice may outlive it by seconds, while its successor still counts the ledger."""
    notices = _notices(real, tmp_path)
    lookout = _lookout(notices)
    Leases(real, life_ms=60_000).acquire("BTC", owner="b-2", lane=4)
    tell_hedger(real, "BTC", HedgerPresence(HedgerState.HEDGING, maker_account_index=7, who="b-1"))
    assert lookout.look(False).hedger is None
    tell_hedger(real, "BTC", HedgerPresence(HedgerState.HEDGING, maker_account_index=7, who="b-2"))
    assert lookout.look(False).hedger == "b-2"


@pytest.mark.parametrize(
    ("action", "market", "reason"),
    [
        (Action.PAUSE, "BTC", "paused by ann: lunch"),
        (Action.FLATTEN, "*", "flattened by ann: lunch"),
    ],
)
def test_a_standing_command_is_seen_and_answered(
    real: redis.Redis, tmp_path: Path, action: Action, market: str, reason: str
) -> None:
    notices = _notices(real, tmp_path)
    lookout = _lookout(notices)
    name = notices.commands.send(Command(action=action, market=market, reason="lunch", sent_by="ann"))
    is_flatten = action is Action.FLATTEN
    assert lookout.look(False).command == StandingCommand(name, True, reason, wants_flat=is_flatten)
    lookout.acknowledge(Acknowledge(name, "cancelling", False))
    lookout.acknowledge(Acknowledge(name, "paused, nothing rests", True))
    lookout.say(lambda: STATE)
    (said,) = notices.commands.acknowledgements(name)
    assert (said.who, said.outcome, said.is_done) == ("a-1", "paused, nothing rests", True)
    assert (said.role, said.market) == ("maker", "BTC")
    after = _lookout(notices).look(False).command
    assert after is not None
    assert not after.wants_flat, "an A before this one has carried it out"
    resumed = notices.commands.send(Command(action=Action.RESUME, market=market))
    assert lookout.look(False).command == StandingCommand(resumed, False, "paused by the user")


def test_the_state_stands_on_the_board_until_it_leaves(real: redis.Redis, tmp_path: Path) -> None:
    notices = _notices(real, tmp_path)
    lookout = _lookout(notices)
    lookout.say(lambda: STATE)
    (status,) = notices.board.read()
    assert (status.who, status.state) == ("a-1", {"role": "maker", "market": "BTC", **STATE})
    lookout.leave()
    assert notices.board.read() == ()


def test_a_redis_that_forgot_is_told_where_a_began(real: redis.Redis, tmp_path: Path) -> None:
    notices = _notices(real, tmp_path)
    real.flushall()
    _lookout(notices).say(lambda: STATE)
    assert Checkpoints(real, "BTC", 7).load() is not None


def test_what_could_not_be_said_is_said_when_redis_is_back(tmp_path: Path) -> None:
    with running_redis(tmp_path, keeps_data=True) as server, connect(server.settings) as client:
        notices = _notices(client, tmp_path)
        lookout = _lookout(notices)
        name = notices.commands.send(Command(action=Action.PAUSE))
        server.kill()
        assert lookout.look(False).problem is not None
        for number in range(UNSAID_MAX):
            lookout.acknowledge(Acknowledge(f"{number}-0", "too old", True))
        lookout.acknowledge(Acknowledge(name, "paused, nothing rests", True))
        lookout.say(lambda: STATE)
        lookout.leave()
        server.start()
        lookout.say(lambda: STATE)
        assert [one.is_done for one in notices.commands.acknowledgements(name)] == [True]
        assert notices.commands.acknowledgements("0-0") == (), "no more wait than there is room for"


def test_a_pause_outlives_both_this_process_and_redis(real: redis.Redis, tmp_path: Path) -> None:
    notices = _notices(real, tmp_path)
    paused = notices.commands.send(Command(action=Action.PAUSE, market="BTC", reason="lunch", sent_by="ann"))
    assert _lookout(notices).look(False).command is not None
    real.flushall()
    after = _lookout(notices)
    assert after.look(False).command == StandingCommand(paused, True, "paused by ann: lunch")
    resumed = notices.commands.send(Command(action=Action.RESUME, market="BTC"))
    command = after.look(False).command
    assert command is not None
    assert (command.command_id, command.wants_pause) == (resumed, False)


def test_a_resume_from_before_the_pause_does_not_end_it(real: redis.Redis, tmp_path: Path) -> None:
    """Redis came back without its last second: the pause is gone from it, the resume before it stands again."""
    notices = _notices(real, tmp_path)
    lookout = _lookout(notices)
    notices.commands.send(Command(action=Action.RESUME, market="BTC"))
    lookout.look(False)
    before = {key: real.dump(key) for key in real.keys("*")}
    paused = notices.commands.send(Command(action=Action.PAUSE, market="BTC"))
    lookout.look(False)
    real.flushall()
    for key, value in before.items():
        real.restore(key, 0, value)
    for one in (lookout, _lookout(notices)):
        command = one.look(False).command
        assert command is not None
        assert (command.command_id, command.wants_pause) == (paused, True)


def test_a_flattening_that_redis_forgot_stays_a_pause_and_is_not_carried_out_again(
    real: redis.Redis, tmp_path: Path
) -> None:
    notices = _notices(real, tmp_path)
    notices.commands.send(Command(action=Action.FLATTEN, market="BTC"))
    assert _lookout(notices).look(False).command is not None
    real.flushall()
    command = _lookout(notices).look(False).command
    assert command is not None
    assert (command.wants_pause, command.wants_flat) == (True, False)
