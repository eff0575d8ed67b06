"""A's beginning: on disk it outlives Redis, never moves, and is not taken for another venue's."""

from pathlib import Path

import msgspec
import pytest
import redis

from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.disk import maker_checkpoint
from hedge_strategy.errors import UserError
from hedge_strategy.maker.record import CheckpointRecord

ACCOUNT = 7
NOW = 1_760_000_000_000
KEPT = Checkpoint(baseline_trade_id=100, since_s=1_700_000_000, trade_id=150, saved_at_ms=NOW - 1)


class Opened:
    """A record, opened by a start of A at which the venue's newest trade is `latest`."""

    def __init__(self, client: redis.Redis, folder: Path, latest: int) -> None:
        self.redis = Checkpoints(client, "BTC", ACCOUNT)
        self.record = CheckpointRecord(maker_checkpoint(folder, "BTC", ACCOUNT), self.redis)
        try:
            self.held = self.record.open(lambda: latest, NOW)
        except UserError:
            self.record.close()
            raise


def on_disk(folder: Path) -> Checkpoint | None:
    record = maker_checkpoint(folder, "BTC", ACCOUNT)
    try:
        return record.load()
    finally:
        record.close()


def keep(folder: Path, checkpoint: Checkpoint) -> None:
    record = maker_checkpoint(folder, "BTC", ACCOUNT)
    record.save(checkpoint)
    record.close()


def test_the_first_start_ever_begins_at_the_newest_trade_in_both_places(real: redis.Redis, tmp_path: Path) -> None:
    first = Opened(real, tmp_path, 120)
    assert (first.held.baseline_trade_id, first.held.trade_id, first.held.since_s) == (120, 120, NOW // 1000)
    assert first.redis.load() == first.held
    first.record.close()
    assert on_disk(tmp_path) == first.held
    assert Opened(real, tmp_path, 500).held == first.held, "a later start begins where the first did"


def test_a_redis_that_forgot_is_told_again_at_the_start_and_while_a_runs(real: redis.Redis, tmp_path: Path) -> None:
    keep(tmp_path, KEPT)
    opened = Opened(real, tmp_path, 160)
    assert opened.held == KEPT
    assert opened.redis.load() == KEPT
    opened.record.save(155, NOW)
    real.flushall()
    opened.record.put_back()
    assert opened.redis.load() == msgspec.structs.replace(KEPT, trade_id=155, saved_at_ms=NOW)


def test_a_new_folder_takes_its_beginning_from_redis(real: redis.Redis, tmp_path: Path) -> None:
    Checkpoints(real, "BTC", ACCOUNT).save(KEPT)
    opened = Opened(real, tmp_path, 160)
    assert opened.held == KEPT
    opened.record.close()
    assert on_disk(tmp_path) == KEPT


def test_the_beginning_on_disk_counts_and_of_one_beginning_the_record_that_is_further(
    real: redis.Redis, tmp_path: Path
) -> None:
    keep(tmp_path, KEPT)
    later = msgspec.structs.replace(KEPT, trade_id=158)
    Checkpoints(real, "BTC", ACCOUNT).save(later)
    opened = Opened(real, tmp_path, 160)
    assert opened.held == later
    opened.record.close()
    other = Checkpoint(baseline_trade_id=159, since_s=1_750_000_000, trade_id=159, saved_at_ms=NOW)
    Checkpoints(real, "BTC", ACCOUNT).save(other)
    again = Opened(real, tmp_path, 160)
    assert again.held == again.redis.load() == later


def test_a_record_of_another_venue_is_refused_and_no_more_than_the_venue_knows_counts_as_handled(
    real: redis.Redis, tmp_path: Path
) -> None:
    keep(tmp_path, KEPT)
    with pytest.raises(UserError, match="another venue"):
        Opened(real, tmp_path, 99)
    assert on_disk(tmp_path) == KEPT
    assert Opened(real, tmp_path, 140).held.trade_id == 140, "history may lag: read a little more"


def test_a_second_a_for_one_account_and_market_is_one_line(real: redis.Redis, tmp_path: Path) -> None:
    opened = Opened(real, tmp_path, 120)
    with pytest.raises(UserError, match="in use by another process"):
        Opened(real, tmp_path, 120)
    opened.record.close()


def test_damage_in_redis_is_mended_from_the_disk(real: redis.Redis, tmp_path: Path) -> None:
    keep(tmp_path, KEPT)
    real.set("hedge:{BTC}:checkpoint:7", b"rubbish")
    opened = Opened(real, tmp_path, 160)
    assert opened.redis.load() == KEPT
    real.set("hedge:{BTC}:checkpoint:7", b"rubbish")
    opened.record.put_back()
    assert opened.redis.load() == KEPT
