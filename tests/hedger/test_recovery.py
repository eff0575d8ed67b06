"""The ledger is believed only where it may be, and counted anew from the venues where Redis has forgotten."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from hedge_strategy.clock import SystemClock, to_ms
from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.ledger_rows import Finished, Nothing
from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Rejected, SignedTransaction
from hedge_strategy.errors import InvariantBroken
from hedge_strategy.hedger.recovery import LedgerRecovery
from hedge_strategy.hedger.resolution import EXPIRY_MARGIN_MS
from tests.fake_venue import BTC, FILLED_AT_MS, FakeVenue
from tests.hedger.scene import HEDGER, LAG_MS, MAKER, MARKETS, Scene, started
from tests.polling import wait_until
from tests.redis_server import running_redis


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        yield Scene(client, tmp_path / "state", FakeVenue(MAKER), FakeVenue(HEDGER))


def test_the_first_start_opens_a_ledger_and_a_later_one_believes_it(scene: Scene) -> None:
    _, ledger, _ = started(scene)
    again, same = scene.recovery()
    assert again.make_fit(scene.lease(), lambda: True)
    assert same.believed_epoch == ledger.believed_epoch != ""
    assert not scene.hedger.sent, "an intact ledger needs no transaction"


def test_after_flushall_the_count_of_the_venues_is_the_ledger(scene: Scene) -> None:
    started(scene)
    scene.maker_sells(30)
    scene.hedges(20, attempt=0)
    scene.client.flushall()
    _, ledger, lease = started(scene)
    claim = ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t")
    assert isinstance(claim, Claim)
    assert claim.lots == 10, "only what the venue's records lack"
    assert claim.attempt > 5, "an attempt that history does not show yet has used up its number"


@pytest.mark.parametrize("last_trade_id", [1, 0])
def test_what_was_hedged_before_the_last_checkpoint_is_not_hedged_again(scene: Scene, last_trade_id: int) -> None:
    recovery, _, _ = started(scene)
    scene.maker_sells(30)
    scene.hedges(30, attempt=0)
    checkpoints = Checkpoints(scene.client, "BTC", MAKER)
    checkpoints.begin(Checkpoint(baseline_trade_id=0, since_s=0, trade_id=1, saved_at_ms=1))
    recovery.remember()
    scene.client.flushall()
    _, ledger, lease = started(scene)
    told_again = replace(scene.seen(), last_trade_id=last_trade_id, filled_at_ms=to_ms(SystemClock().now_ns()))
    assert not isinstance(ledger.claim(told_again, fencing=lease.fencing, claim_token="t"), Claim)


def test_a_ledger_that_lost_its_last_second_is_counted_anew(scene: Scene) -> None:
    recovery, ledger, lease = started(scene)
    scene.maker_sells(30)
    before = {key: scene.client.dump(key) for key in scene.client.keys("*")}
    assert isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t"), Claim)
    scene.hedges(30, attempt=0)
    recovery.remember()
    scene.client.flushall()
    for key, value in before.items():
        scene.client.restore(key, 0, value)
    _, again, newer = started(scene)
    assert again.believed_epoch != ledger.believed_epoch
    assert isinstance(again.claim(scene.seen(), fencing=newer.fencing, claim_token="t"), Nothing)


def test_a_hedge_in_doubt_cannot_run_after_the_recount(scene: Scene) -> None:
    started(scene)
    scene.maker_sells(30)
    nonce = scene.hedger.nonce
    scene.client.flushall()
    scene.hedger.switches.reject.append(Rejected(21104, "invalid nonce", is_nonce=True))
    started(scene)
    assert scene.hedger.nonce == nonce + 1, "the lane's counter has passed every nonce that was used before"


def test_who_has_lost_the_market_changes_nothing(scene: Scene) -> None:
    started(scene)
    scene.maker_sells(30)
    scene.client.flushall()
    recovery, ledger = scene.recovery()
    assert not recovery.make_fit(scene.lease(), lambda: False)
    assert ledger.epoch() is None
    assert not scene.hedger.sent


def test_a_venue_that_does_not_answer_is_asked_again_later(scene: Scene) -> None:
    started(scene)
    scene.client.flushall()
    scene.hedger.switches.rest_fails = 1
    recovery, ledger = scene.recovery()
    assert not recovery.make_fit(scene.lease(), lambda: True)
    assert ledger.epoch() is None
    assert recovery.make_fit(scene.lease(), lambda: True)


def test_a_doubled_hedge_is_told_to_a_person(scene: Scene) -> None:
    started(scene)
    scene.maker_sells(10)
    scene.hedges(20, attempt=0)
    scene.client.flushall()
    recovery, ledger = scene.recovery()
    with pytest.raises(InvariantBroken, match="hedged for more than was filled"):
        recovery.make_fit(scene.lease(), lambda: True)
    assert ledger.epoch() is not None, "and nothing is hedged further: the ledger says that all is"


def test_positions_that_contradict_an_intact_ledger_lead_to_a_recount(scene: Scene) -> None:
    _, ledger, _ = started(scene)
    scene.maker_sells(30)
    again, recounted = scene.recovery()
    assert again.make_fit(scene.lease(), lambda: True, recount_anyway=True)
    assert recounted.believed_epoch != ledger.believed_epoch
    (line,) = recounted.open_lines()
    assert line.unhedged_lots == 30, "the fill that nobody told is in the ledger now"


def test_a_count_that_the_positions_contradict_is_not_acted_upon_until_the_records_explain_them(scene: Scene) -> None:
    started(scene)
    scene.maker_sells(30)
    scene.hedges(30, attempt=0)
    scene.client.flushall()
    scene.hedger.switches.hide_trades = True  # for longer than history may lag; A's trades are there
    recovery, ledger = scene.recovery()
    lease, fit = scene.lease(), list[bool]()
    making = threading.Thread(target=lambda: fit.append(recovery.make_fit(lease, lambda: True)))
    making.start()
    wait_until(lambda: recovery.unexplained, "a person to be told")
    assert (ledger.epoch(), fit) == (None, []), "nothing may be hedged meanwhile, by whomever"
    scene.hedger.switches.hide_trades = False
    making.join(20)
    assert (fit, recovery.unexplained) == ([True], "")
    assert isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t"), Nothing)


def test_a_recount_for_a_difference_says_so_where_it_does_not_explain_it_either(scene: Scene) -> None:
    recovery, ledger, lease = started(scene)
    scene.trades_by_hand(10)
    before = ledger.epoch()
    assert not recovery.make_fit(lease, lambda: True, recount_anyway=True)
    assert "do not explain" in recovery.unexplained
    assert ledger.epoch() == before


def test_a_hedger_that_only_waited_knows_after_flushall_what_the_owner_knew(scene: Scene, tmp_path: Path) -> None:
    started(scene)
    scene.maker_sells(30)
    scene.hedges(20, attempt=0)
    waiting, ledger = scene.recovery(tmp_path / "elsewhere")
    waiting.follow()
    scene.client.flushall()
    lease = scene.lease()
    assert waiting.make_fit(lease, lambda: True)
    claim = ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t")
    assert isinstance(claim, Claim)
    assert claim.lots == 10, "the market is not taken for a new one, in which nothing is known of the fill"


def test_a_hedger_that_takes_over_amid_a_fill_keeps_the_baseline_of_the_first(scene: Scene, tmp_path: Path) -> None:
    started(scene)
    scene.maker_sells(30)  # nobody told of it yet: measured now, the baseline would be wrong by as much
    successor, _ = scene.recovery(tmp_path / "elsewhere")
    assert successor.make_fit(scene.lease(), lambda: True)
    known = scene.sources(tmp_path / "elsewhere").memory.load()
    assert known is not None
    assert Decimal(known.net_at_baseline) == 0


def test_who_waits_follows_a_rebuilt_ledger_but_none_that_was_begun_knowing_less(scene: Scene, tmp_path: Path) -> None:
    recovery, ledger, lease = started(scene)
    waiting, _ = scene.recovery(tmp_path / "elsewhere")
    waiting.follow()
    memory = scene.sources(tmp_path / "elsewhere").memory
    assert recovery.make_fit(lease, lambda: True, recount_anyway=True)
    waiting.follow()
    followed = memory.load()
    assert followed is not None
    assert followed.epoch == ledger.believed_epoch
    scene.client.flushall()
    stranger, _ = scene.recovery(tmp_path / "new")
    assert stranger.make_fit(scene.lease(), lambda: True)
    waiting.follow()
    assert memory.load() == followed


def test_a_fill_that_the_history_hides_together_with_its_hedge_is_not_hedged_again(scene: Scene) -> None:
    started(scene)
    scene.maker_sells(30)
    scene.hedges(30, attempt=0)
    scene.client.flushall()
    scene.maker.switches.hide_trades = scene.hedger.switches.hide_trades = True

    def show() -> None:
        scene.maker.switches.hide_trades = scene.hedger.switches.hide_trades = False

    shown = threading.Timer(LAG_MS / 2 / 1000, show)
    shown.start()
    _, ledger, lease = started(scene)
    shown.join()
    assert not isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t"), Claim)


def test_who_was_away_while_the_ledger_was_rebuilt_need_not_count_it_again(scene: Scene, tmp_path: Path) -> None:
    recovery, ledger, lease = started(scene)
    away, _ = scene.recovery(tmp_path / "elsewhere")
    away.follow()
    assert recovery.make_fit(lease, lambda: True, recount_anyway=True)
    fences = len(scene.hedger.sent)
    back, same = scene.recovery(tmp_path / "elsewhere")
    assert back.make_fit(scene.lease(), lambda: True)
    assert same.believed_epoch == ledger.believed_epoch
    assert len(scene.hedger.sent) == fences


def test_a_count_that_the_venue_limits_goes_on_under_the_same_fence(scene: Scene) -> None:
    started(scene)
    scene.client.flushall()
    recovery, ledger = scene.recovery()
    scene.maker.switches.rest_is_limited = 2
    assert recovery.make_fit(scene.lease(), lambda: True)
    assert ledger.believed_epoch
    assert len(scene.hedger.sent) == 1, "one fence, not one for each attempt at counting"


def checkpoint(scene: Scene, trade_id: int) -> None:
    """A's record: it began before its first trade, and is done with everything up to this one."""
    record = Checkpoint(baseline_trade_id=0, since_s=0, trade_id=trade_id, saved_at_ms=1)
    Checkpoints(scene.client, "BTC", MAKER).save(record)


def test_a_hedger_that_knows_nothing_counts_from_the_checkpoint_of_a_maker_that_has_traded(
    scene: Scene, tmp_path: Path
) -> None:
    """Redis forgot everything but what A put back, and this hedger's disk is new: A tells again of what is past its
    checkpoint, and nothing of it is hedged again."""
    scene.maker_sells(30)
    scene.hedges(20, attempt=0)
    checkpoint(scene, trade_id=0)
    new, ledger = scene.recovery(tmp_path / "new")
    lease = scene.lease()
    assert new.make_fit(lease, lambda: True)
    claim = ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t")
    assert isinstance(claim, Claim)
    assert claim.lots == 10
    known = scene.sources(tmp_path / "new").memory.load()
    assert known is not None
    assert Decimal(known.net_at_baseline) == 0, "so that the guard finds nothing once the rest is hedged"


def test_a_hedger_that_knows_nothing_does_not_take_hidden_trades_for_none(scene: Scene, tmp_path: Path) -> None:
    scene.maker_sells(30)
    scene.hedges(20, attempt=0)
    checkpoint(scene, trade_id=0)
    scene.maker.switches.hide_trades = scene.hedger.switches.hide_trades = True

    def shown_later() -> bool:
        scene.maker.switches.hide_trades = scene.hedger.switches.hide_trades = False
        return True

    new, ledger = scene.recovery(tmp_path / "new")
    lease = scene.lease()
    assert new.make_fit(lease, shown_later)
    claim = ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t")
    assert isinstance(claim, Claim)
    assert claim.lots == 10


def test_a_hedger_that_knows_nothing_waits_for_the_record_of_a_maker_whose_account_holds_something(
    scene: Scene, tmp_path: Path
) -> None:
    scene.maker_sells(30)
    new, ledger = scene.recovery(tmp_path / "new")
    lease = scene.lease()
    assert not new.make_fit(lease, lambda: True)
    checkpoint(scene, trade_id=0)
    assert new.make_fit(lease, lambda: True)
    claim = ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t")
    assert isinstance(claim, Claim)
    assert claim.lots == 30


def test_a_hedger_that_knows_nothing_waits_for_the_record_of_a_maker_that_has_traded_though_it_holds_nothing(
    scene: Scene, tmp_path: Path
) -> None:
    """What it holds is 0 again, but its newest trade may be in the midst of an order that is hedged in part."""
    scene.maker_sells(30)
    (sold,) = scene.maker.trades
    scene.maker.trades.append(replace(sold, side=sold.side.opposite, trade_id=2, order_index=6))
    new, _ = scene.recovery(tmp_path / "new")
    lease = scene.lease()
    assert not new.make_fit(lease, lambda: True)
    checkpoint(scene, trade_id=1)
    assert new.make_fit(lease, lambda: True)


class FilledMeanwhile(FakeVenue):
    """A's account, which is filled for the first time ever while a hedger looks whether it ever was."""

    scene: Scene | None = None

    def latest_trade_id(self, market: Market) -> int:
        newest = super().latest_trade_id(market)
        if self.scene is not None:
            scene, self.scene = self.scene, None
            scene.maker_sells(30)
        return newest


def test_what_a_new_maker_is_filled_while_its_first_ledger_is_opened_belongs_to_it(
    scene: Scene, tmp_path: Path
) -> None:
    """It held nothing at the beginning: were its first fill part of that, the positions would never fit again."""
    scene.maker = maker = FilledMeanwhile(MAKER)
    maker.scene = scene
    new, ledger = scene.recovery(tmp_path / "new")
    lease = scene.lease()
    assert new.make_fit(lease, lambda: True)
    known = scene.sources(tmp_path / "new").memory.load()
    assert known is not None
    assert (known.trade_id, Decimal(known.net_at_baseline)) == (0, 0)
    assert isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t"), Claim)


def test_what_lies_before_the_checkpoint_is_finished_for_a_hedger_that_knows_nothing(
    scene: Scene, tmp_path: Path
) -> None:
    scene.maker_sells(30)
    scene.hedges(30, attempt=0)
    checkpoint(scene, trade_id=1)
    new, ledger = scene.recovery(tmp_path / "new")
    lease = scene.lease()
    assert new.make_fit(lease, lambda: True)
    assert not isinstance(ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t"), Claim)


def test_the_first_hedger_of_a_maker_that_has_not_traded_begins_at_once(scene: Scene) -> None:
    checkpoint(scene, trade_id=0)
    _, ledger, _ = started(scene)
    assert ledger.believed_epoch
    assert not scene.hedger.sent, "nothing is counted, and no fence is needed"


class AheadClock(SystemClock):
    """A host's clock, ten minutes ahead of the venue's."""

    def now_ns(self) -> int:
        return (FILLED_AT_MS + 600_000) * 1_000_000


def test_what_is_filled_after_a_recount_is_hedged_though_this_hosts_clock_is_ahead(scene: Scene) -> None:
    scene.maker_sells(30)
    scene.hedges(30, attempt=0)
    checkpoint(scene, trade_id=1)
    ledger, lease = HedgeLedger(scene.client, "BTC"), scene.lease()
    recovery = LedgerRecovery(ledger, scene.sources(), MARKETS, "b", AheadClock(), LAG_MS)
    assert recovery.make_fit(lease, lambda: True)
    order = OrderKey(MAKER, BTC.index, scene.seen().order.order_index + 1)
    filled = replace(scene.seen(), order=order, last_trade_id=2, filled_at_ms=FILLED_AT_MS + 5_000)
    assert isinstance(ledger.claim(filled, fencing=lease.fencing, claim_token="new"), Claim)
    told_again = replace(scene.seen(), filled_at_ms=FILLED_AT_MS)
    assert isinstance(ledger.claim(told_again, fencing=lease.fencing, claim_token="old"), Finished)


def test_a_hedge_under_way_on_another_lane_is_waited_for(scene: Scene) -> None:
    """Its owner stands still, and Redis, which kept it, was started anew: it may be sent as long as it is valid."""
    _, ledger, lease = started(scene)
    scene.maker_sells(30)
    claim = ledger.claim(scene.seen(), fencing=lease.fencing, claim_token="t")
    assert isinstance(claim, Claim)
    now_ms = to_ms(SystemClock().now_ns())
    transaction = SignedTransaction(
        kind=14,
        payload="{}",
        hash="of another lane",
        nonce=1,
        key_index=scene.hedger.key_index + 1,
        expires_at_ms=now_ms + 1_000 - EXPIRY_MARGIN_MS,
        client_order_index=claim.client_order_index,
    )
    ledger.advance(claim, IntentState.SENT, fencing=lease.fencing, transaction=transaction)
    recovery, again = scene.recovery()
    assert recovery.make_fit(scene.lease(), lambda: True, recount_anyway=True)
    assert to_ms(SystemClock().now_ns()) >= transaction.expires_at_ms + EXPIRY_MARGIN_MS
    assert again.believed_epoch != ledger.believed_epoch
