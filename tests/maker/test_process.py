"""Process A against a real Redis and a venue in memory: fills reach Redis, one order rests, nothing is left resting."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
import redis

from hedge_strategy.clock import SystemClock, to_ms
from hedge_strategy.coordination.announcement import AnnouncementPublisher
from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.commands import Action, Command, Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.disk import maker_checkpoint, maker_command
from hedge_strategy.coordination.fill_stream import FillEntry, FillPublisher, FillSource, FillSubscriber
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.lease import Lease, Leases
from hedge_strategy.coordination.ledger_rows import seen_fill
from hedge_strategy.coordination.listener import Listening
from hedge_strategy.coordination.messages import FillMessage
from hedge_strategy.coordination.outbox import Outbox
from hedge_strategy.coordination.presence import HedgerPresence, HedgerState, Presence
from hedge_strategy.coordination.result_channel import ResultSubscriber
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.coordination.shared_channels import ChannelServers
from hedge_strategy.coordination.status_board import StatusBoard
from hedge_strategy.domain.hedge import Claim, IntentState
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderReport, Rejected, SignedTransaction
from hedge_strategy.maker.fill_tracker import Baseline, FillTracker
from hedge_strategy.maker.lookout import Notices
from hedge_strategy.maker.machine import MakerMachine, MakerSettings
from hedge_strategy.maker.order_desk import DeskSettings
from hedge_strategy.maker.process import MakerCoordination, MakerProcess, MakerRun
from hedge_strategy.maker.quoting import QuoteRule
from hedge_strategy.maker.record import CheckpointRecord
from hedge_strategy.maker.shared_account import TURN_MS, SharedAccount
from hedge_strategy.risk.limits import Limits
from hedge_strategy.venues.port import BookTop, Connected, Disconnected, Listener
from tests.fake_venue import BTC, ETH, FakeVenue
from tests.notices import maker_may_rest, tell_hedger
from tests.polling import wait_until
from tests.redis_server import running_redis

MAKER = 7


class Hedger:
    """Just enough of B: owns the market, and books hedges of whatever the stream says."""

    def __init__(self, client: redis.Redis, market: Market = BTC) -> None:
        self._market = market
        self._leases = Leases(client, life_ms=60_000)
        self._ledger = HedgeLedger(client, market.symbol)
        self._subscriber = FillSubscriber(client, FillSource(market.symbol, MAKER, market.index), "b-1")
        lease = self._leases.acquire(market.symbol, owner="b-1", lane=4)
        hedging = HedgerPresence(HedgerState.HEDGING, maker_account_index=MAKER)
        tell_hedger(client, market.symbol, hedging)
        assert isinstance(lease, Lease)
        self._lease = lease
        self.heard: list[FillMessage] = []

    def read(self) -> list[FillMessage]:
        self.heard += [entry.message for entry in self._subscriber.read_new() if isinstance(entry, FillEntry)]
        return self.heard

    def hedge_all(self) -> None:
        for message in self.read():
            claim = self._ledger.claim(
                seen_fill(message, self._market), fencing=self._lease.fencing, claim_token=str(message.sequence)
            )
            if isinstance(claim, Claim) and claim.state is IntentState.RESERVED:
                signed = SignedTransaction(14, "p", "h", 1, 4, 0, claim.client_order_index)
                self._ledger.advance(claim, IntentState.SENT, fencing=self._lease.fencing, transaction=signed)
                self._ledger.settle(claim, fencing=self._lease.fencing, executed_lots=claim.lots)

    def leave(self) -> None:
        self._leases.release(self._lease)


class Running:
    """A maker on threads of its own."""

    def __init__(
        self,
        client: redis.Redis,
        venue: FakeVenue,
        folder: Path,
        market: Market = BTC,
        shared: SharedAccount | None = None,
    ) -> None:
        clock = SystemClock()
        now_ms = to_ms(clock.now_ns())
        disk = maker_checkpoint(folder, market.symbol, MAKER)
        if disk.load() is None:
            disk.save(Checkpoint(baseline_trade_id=0, since_s=now_ms // 1000, trade_id=0, saved_at_ms=now_ms))
        record = CheckpointRecord(disk, Checkpoints(client, market.symbol, MAKER))
        checkpoint = record.open(lambda: venue.latest_trade_id(market), now_ms)
        quantity = Decimal("0.00100") if market is BTC else Decimal("0.0100")
        settings = MakerSettings(
            QuoteRule(market, quantity, 1), Limits(), 60_000, 10_000, now_ms // 1000, checkpoint.saved_at_ms, 330_000
        )
        tracker = FillTracker(MAKER, market.index, Baseline(0, settings.started_at_s), checkpoint.trade_id)
        notices = Notices(
            MAKER,
            RoundTrips(client),
            Presence(market.symbol, life_ms=2_000),
            Commands(client),
            StatusBoard(client, life_ms=5_000),
            record,
            maker_command(folder, market.symbol, MAKER),
        )
        self.process = MakerProcess(
            venue,
            MakerCoordination(
                FillPublisher(client),
                ResultSubscriber(client, market.symbol, MAKER),
                Listening(ChannelServers(client, clock), clock),
                HedgeLedger(client, market.symbol),
                notices,
                Outbox(folder, market.symbol, MAKER),
                AnnouncementPublisher(client),
            ),
            MakerMachine(settings, tracker),
            MakerRun(market, 1, "a-1", DeskSettings(market, 600, 3, Decimal("0.005")), shared=shared),
            clock,
        )
        self.code: int | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> int | None:
        self.process.ask_to_stop()
        self._thread.join(30)
        return self.code

    def _run(self) -> None:
        self.code = self.process.run()


@contextmanager
def quoting(
    client: redis.Redis, venue: FakeVenue, folder: Path, market: Market = BTC, shared: SharedAccount | None = None
) -> Iterator[Running]:
    running = Running(client, venue, folder, market, shared)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def resting(venue: FakeVenue, but: int = 0) -> OrderReport:
    """The one order that rests, another one than `but`."""
    return wait_until(lambda: next((one for one in venue.resting() if one.client_order_index != but), None), "an order")


@pytest.fixture
def venue() -> FakeVenue:
    return FakeVenue(MAKER)


def test_partial_fills_are_published_as_they_happen_and_the_next_order_waits_for_the_hedge(
    real: redis.Redis, venue: FakeVenue, tmp_path: Path
) -> None:
    hedger = Hedger(real)
    with quoting(real, venue, tmp_path):
        order = resting(venue)
        venue.take(order.client_order_index, Decimal("0.00030"))
        wait_until(lambda: [message.filled_base_amount for message in hedger.read()] == ["0.00030"], "the first part")
        venue.take(order.client_order_index, Decimal("0.00070"))
        wait_until(lambda: hedger.read()[-1].is_final and len(hedger.heard) >= 2, "the whole")
        assert hedger.heard[-1].filled_base_amount == "0.00100"
        assert not venue.resting()
        hedger.hedge_all()
        assert resting(venue).side.value == "sell"


def test_stopping_leaves_nothing_resting_on_market_index_0_too(real: redis.Redis, tmp_path: Path) -> None:
    venue = FakeVenue(MAKER)
    Hedger(real, ETH)
    with quoting(real, venue, tmp_path, ETH) as running:
        assert resting(venue).market_index == 0
        assert running.stop() == 0
    assert not venue.resting()
    assert maker_may_rest(real, "ETH") is False


def test_a_last_cancel_that_is_refused_is_given_again(real: redis.Redis, venue: FakeVenue, tmp_path: Path) -> None:
    Hedger(real)
    with quoting(real, venue, tmp_path) as running:
        resting(venue)
        venue.switches.reject = [Rejected(23000, "too many requests")] * 3
        assert running.stop() == 0
    assert not venue.resting()


def test_no_hedger_no_quote(real: redis.Redis, venue: FakeVenue, tmp_path: Path) -> None:
    hedger = Hedger(real)
    with quoting(real, venue, tmp_path):
        resting(venue)
        hedger.leave()
        wait_until(lambda: not venue.resting(), "the order to be cancelled")


def test_a_hedger_that_leaves_or_is_paused_is_not_quoted_for(
    real: redis.Redis, venue: FakeVenue, tmp_path: Path
) -> None:
    Hedger(real)
    with quoting(real, venue, tmp_path):
        resting(venue)
        tell_hedger(real, "BTC", HedgerPresence(HedgerState.DRAINING, "stopping", MAKER))
        wait_until(lambda: not venue.resting(), "the order to be cancelled")


def test_a_fill_while_the_socket_was_down_is_published(real: redis.Redis, venue: FakeVenue, tmp_path: Path) -> None:
    hedger = Hedger(real)
    with quoting(real, venue, tmp_path):
        order = resting(venue)
        venue.push(Disconnected("cut"))
        venue.take(order.client_order_index, Decimal("0.00040"), pushes=False)
        venue.push(Connected(is_first=False))
        wait_until(lambda: hedger.read() and hedger.heard[-1].filled_base_amount == "0.00040", "the missed fill")


def test_an_order_of_which_neither_answer_nor_frame_comes_is_found_and_cancelled(
    real: redis.Redis, venue: FakeVenue, tmp_path: Path
) -> None:
    with quoting(real, venue, tmp_path):
        wait_until(lambda: venue.sent and venue.nonce > 100, "the cancel-all at the start")
        venue.switches.lose_answers, venue.switches.mute = 3, 1
        Hedger(real)
        order = wait_until(lambda: venue.orders and next(iter(venue.orders)), "the order")
        wait_until(lambda: venue.orders[order].status.is_final, "the doubtful order's cancel")


def test_an_order_that_is_shown_is_cancelled_without_waiting_for_its_own_answer(
    real: redis.Redis, venue: FakeVenue, tmp_path: Path
) -> None:
    with quoting(real, venue, tmp_path):
        wait_until(lambda: venue.sent and venue.nonce > 100, "the arming at the start")
        venue.switches.lose_answers = 1
        Hedger(real)
        resting(venue)
    assert not venue.resting()
    assert [sent.kind for sent in venue.sent].count(14) == 1, "it was sent again first"


def test_a_fill_while_redis_is_away_is_published_once_it_is_back(tmp_path: Path, venue: FakeVenue) -> None:
    with running_redis(tmp_path, keeps_data=True) as server, connect(server.settings) as client:
        Hedger(client)
        with quoting(client, venue, tmp_path) as running:
            order = resting(venue)
            server.kill()
            venue.take(order.client_order_index, Decimal("0.00040"))
            wait_until(lambda: not venue.resting(), "the cancel while Redis is away")
            server.start()
            subscriber = FillSubscriber(client, FillSource("BTC", MAKER, 1), "b-2")

            def told() -> list[str]:
                return [one.message.filled_base_amount for one in subscriber.read_new() if isinstance(one, FillEntry)]

            wait_until(lambda: "0.00040" in told(), "the fill, once Redis is back")
            running.stop()


def test_a_notice_that_makes_no_sense_cancels_and_is_got_over(
    real: redis.Redis, venue: FakeVenue, tmp_path: Path
) -> None:
    Hedger(real)
    with quoting(real, venue, tmp_path):
        first = resting(venue)
        real.set("hedge:{BTC}:hedger", b"no notice")
        wait_until(lambda: not venue.resting(), "the cancel while the notice makes no sense")
        hedging = HedgerPresence(HedgerState.HEDGING, maker_account_index=MAKER)
        tell_hedger(real, "BTC", hedging)
        resting(venue, but=first.client_order_index)


def test_a_mistake_of_ours_still_cancels_everything_and_is_told_by_the_exit_code(
    real: redis.Redis, tmp_path: Path
) -> None:
    class BrokenVenue(FakeVenue):
        is_broken = False

        def book(self, market: Market, depth: int) -> BookTop:
            if self.is_broken:
                raise ZeroDivisionError("a mistake")
            return super().book(market, depth)

    Hedger(real)
    venue = BrokenVenue(MAKER)
    with quoting(real, venue, tmp_path) as running:
        resting(venue)
        venue.is_broken = True
        wait_until(lambda: running.code is not None, "the process to end by itself")
    assert running.code == 1
    assert not venue.resting()


def test_a_pause_cancels_is_answered_and_stands_on_the_board_until_it_is_resumed(
    real: redis.Redis, venue: FakeVenue, tmp_path: Path
) -> None:
    Hedger(real)
    commands, board = Commands(real), StatusBoard(real, life_ms=5_000)
    with quoting(real, venue, tmp_path):
        first = resting(venue)
        name = commands.send(Command(action=Action.PAUSE, market="BTC", reason="lunch", sent_by="ann"))
        wait_until(lambda: [one for one in commands.acknowledgements(name) if one.is_done], "the answer")
        assert not venue.resting()
        told = wait_until(lambda: [one for one in board.read() if one.state["state"] == "paused"], "the board")
        assert told[0].state["reason"] == "paused by ann: lunch"
        real.delete("hedge:{commands}:standing")
        commands.send(Command(action=Action.RESUME, market="BTC"))
        resting(venue, but=first.client_order_index)
        wait_until(lambda: [one for one in board.read() if one.state["state"] == "quoting"], "the board")
    assert board.read() == ()


def test_no_order_before_the_dead_man_switch_is_armed(real: redis.Redis, venue: FakeVenue, tmp_path: Path) -> None:
    Hedger(real)
    with quoting(real, venue, tmp_path):
        resting(venue)
    kinds = [sent.kind for sent in venue.sent]
    assert kinds.index(17) < kinds.index(14)


def test_two_markets_that_share_the_switch_arm_it_once(real: redis.Redis, venue: FakeVenue, tmp_path: Path) -> None:
    other, shared = FakeVenue(MAKER), SharedAccount()
    Hedger(real)
    Hedger(real, ETH)
    with quoting(real, venue, tmp_path, BTC, shared), quoting(real, other, tmp_path, ETH, shared):
        assert {resting(one).market_index for one in (venue, other)} == {BTC.index, ETH.index}
    assert sorted(sent.kind for sent in venue.sent + other.sent).count(17) == 1


def test_a_market_that_does_not_succeed_in_arming_keeps_no_other_from_it(
    real: redis.Redis, venue: FakeVenue, tmp_path: Path
) -> None:
    shared = SharedAccount()
    assert shared.switch.takes_turn("SOL", 0, to_ms(SystemClock().monotonic_ns()) - TURN_MS + 500)
    Hedger(real)
    with quoting(real, venue, tmp_path, BTC, shared):
        resting(venue)


def test_the_last_look_waits_while_the_limit_of_requests_is_used_up(
    real: redis.Redis, venue: FakeVenue, tmp_path: Path
) -> None:
    Hedger(real)
    with quoting(real, venue, tmp_path) as running:
        resting(venue)
        before = [sent.kind for sent in venue.sent].count(16)
        venue.switches.rest_is_limited = 5
        assert running.stop() == 0
    assert [sent.kind for sent in venue.sent].count(16) - before == 1, "no second cancel for want of a look"


def test_the_venue_is_asked_whether_an_arming_ran_of_which_no_frame_tells(
    real: redis.Redis, venue: FakeVenue, tmp_path: Path
) -> None:
    venue.switches.mute, venue.switches.hide_history = 1000, True
    Hedger(real)
    with quoting(real, venue, tmp_path):
        wait_until(lambda: 17 in [sent.kind for sent in venue.sent], "the arming")
        venue.switches.hide_history, venue.switches.mute = False, 0
        resting(venue)
    assert [sent.kind for sent in venue.sent].count(17) == 1


def test_a_fill_that_redis_forgot_is_told_again(real: redis.Redis, venue: FakeVenue, tmp_path: Path) -> None:
    Hedger(real)
    with quoting(real, venue, tmp_path):
        order = resting(venue)
        venue.take(order.client_order_index, Decimal("0.00040"))
        wait_until(lambda: real.xlen("hedge:{BTC}:fills"), "the fill in the stream")
        real.delete("hedge:{BTC}:fills")
        wait_until(lambda: real.xlen("hedge:{BTC}:fills"), "the fill once more")


def test_where_not_all_threads_can_be_started_nothing_stays_open_and_the_next_run_can_begin(
    real: redis.Redis, tmp_path: Path
) -> None:
    class Crowded(FakeVenue):
        def start(self, markets: Sequence[Market], listener: Listener) -> None:
            raise RuntimeError("can't start new thread")

    venue = Crowded(MAKER)
    running = Running(real, venue, tmp_path)
    with pytest.raises(RuntimeError, match="new thread"):
        running.process.run()
    wait_until(lambda: not {one.name for one in threading.enumerate()} & {"order-desk", "maker-reader"}, "their end")
    again = Running(real, FakeVenue(MAKER), tmp_path)
    again.process.ask_to_stop()
    assert again.process.run() == 0
