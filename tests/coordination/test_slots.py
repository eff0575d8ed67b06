"""On a real cluster: what is of one market lives on one server, its channels too, and goes on after a failover."""

from pathlib import Path

import pytest
import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.channel import Resubscribed
from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints, markets_with_a_maker
from hedge_strategy.coordination.commands import Acknowledgement, Action, Command, Commands
from hedge_strategy.coordination.connection import check_for_trading, connect, redis_errors, server_facts
from hedge_strategy.coordination.endpoint import RedisSettings
from hedge_strategy.coordination.fill_stream import FillHeard, FillPublisher, FillSource, FillSubscriber
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.hedger_registry import HedgerBell, HedgerRegistry, LiveHedger
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_rows import seen_fill
from hedge_strategy.coordination.rights import check_rights
from hedge_strategy.coordination.slots import is_cluster
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.domain.hedge import Claim
from hedge_strategy.errors import RedisUnavailable, UserError
from tests.cluster import redis_cluster
from tests.polling import wait_until
from tests.redis_server import free_port

from .ear import Ear
from .samples import BTC, MAKER, message


def test_everything_of_a_market_works_on_a_cluster_and_after_its_failover(tmp_path: Path) -> None:
    with redis_cluster(tmp_path) as cluster, connect(cluster.settings) as client:
        assert is_cluster(client)
        assert check_for_trading(client, cluster.settings).version
        check_rights(client, cluster.settings)
        publisher = FillPublisher(client)
        source = FillSource("BTC", MAKER, BTC.index)
        subscriber = FillSubscriber(client, source, "one")
        ear = Ear(client, subscriber)
        lease = Leases(client, life_ms=60_000).acquire("BTC", owner="one", lane=4)
        assert isinstance(lease, Lease)
        ledger = HedgeLedger(client, "BTC")
        ledger.open_epoch("epoch", fencing=lease.fencing)
        _hears(ear, publisher, sequence=1)
        assert [entry.message.sequence for entry in subscriber.read_new()] == [1]
        claim = ledger.claim(seen_fill(message(sequence=1), BTC), fencing=lease.fencing, claim_token="one:1")
        assert isinstance(claim, Claim)
        _others(client)
        _shares(client)

        before = server_facts(client, market_keys("BTC").marker).run_id
        cluster.kill_master()
        with pytest.raises(RedisUnavailable):
            publisher.publish("BTC", message(sequence=2))
        cluster.wait_failed_over()
        wait_until(lambda: _can(lambda: publisher.publish("BTC", message(sequence=3))), "a publish", deadline_s=10)
        assert server_facts(client, market_keys("BTC").marker).run_id != before
        assert wait_until(lambda: _can(lambda: ear.listen(100)), "to listen", deadline_s=10)
        wait_until(lambda: _can(lambda: _hears(ear, publisher, sequence=4)), "to hear", deadline_s=10)
        assert [intent.claim for intent in ledger.unfinished()] == [claim]
        ear.close()


def _hears(ear: Ear, publisher: FillPublisher, *, sequence: int) -> None:
    while not isinstance(ear.listen(500), Resubscribed | None):
        pass
    publisher.publish("BTC", message(sequence=sequence))
    heard = [ear.listen(2_000) for _ in range(2)]
    assert FillHeard(message(sequence=sequence)) in heard, heard


def _shares(client: redis.Redis) -> None:
    """Hedgers that share markets see each other and all leases, wherever in the cluster these are."""
    registry, bell = HedgerRegistry(client, life_ms=60_000), HedgerBell(client, SystemClock())
    assert bell.wait(5_000)
    hedger = LiveHedger(who="one", markets=("BTC", "ETH", "SOL"))
    assert registry.tell(hedger, ring=True).hedgers == (hedger,)
    assert bell.wait(5_000)
    bell.close()
    leases = Leases(client, life_ms=60_000)
    for market in ("ETH", "SOL"):
        leases.acquire(market, owner="one", lane=5)
    assert sorted(leases.read_all(hedger.markets)) == ["BTC", "ETH", "SOL"]


def _others(client: redis.Redis) -> None:
    """What is not of one market has slots of its own."""
    commands = Commands(client)
    sent = commands.send(Command(action=Action.PAUSE, market="BTC"))
    assert [one.command_id for one in commands.poll("BTC")] == [sent]
    commands.acknowledge(sent, Acknowledgement(who="one", at_ms=1, outcome="done"))
    assert [one.who for one in commands.acknowledgements(sent)] == ["one"]
    assert StatusBoard(client, life_ms=1_000).read() == ()
    for market in ("BTC", "ETH", "SOL", "DOGE"):
        Checkpoints(client, market, MAKER).begin(Checkpoint(baseline_trade_id=1, since_s=1, trade_id=1, saved_at_ms=1))
    assert markets_with_a_maker(client) == ("BTC", "DOGE", "ETH", "SOL")


def _can(act: object) -> bool:
    try:
        with redis_errors():
            act()  # type: ignore[operator]
    except (RedisUnavailable, AssertionError):
        return False
    return True


def test_a_cluster_of_which_no_server_answers_is_said_in_one_line() -> None:
    nowhere = RedisSettings("", 0, 0, connect_timeout_ms=300, cluster=(("127.0.0.1", free_port()),))
    with pytest.raises(UserError, match="does not answer at the cluster of") as said:
        connect(nowhere)
    assert "\n" not in str(said.value)
