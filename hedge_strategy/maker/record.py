"""Where A's history begins and how far it is handled, on disk and in Redis: the disk remembers, others look it up in
Redis.

- The beginning is set once, by the first start ever, and never moves, whatever Redis has forgotten since: trades before
  it are the user's own, all later ones are hedged.
- What the disk holds is put back into Redis at the start, and while A runs.
- A record that cannot be of this venue, because the venue's newest trade is older than the record's beginning, is
  refused: from it A would never see a fill.
"""

from collections.abc import Callable

import msgspec
import structlog

from hedge_strategy.coordination.checkpoint import Checkpoint, Checkpoints
from hedge_strategy.coordination.disk import DiskRecord
from hedge_strategy.errors import CoordinationError, DiskFailed, InvariantBroken, UserError


class CheckpointRecord:
    """The record of one account in one market, in both places. `save` belongs to one thread, `put_back` to any.

    Args:
        disk: this process's file.
        redis: the same in Redis.
    """

    def __init__(self, disk: DiskRecord[Checkpoint], redis: Checkpoints) -> None:
        self._disk = disk
        self._redis = redis
        self._held: Checkpoint | None = None
        self._log = structlog.get_logger("maker.record")

    def open(self, latest_trade_id: Callable[[], int], now_ms: int) -> Checkpoint:
        """Finds the record, or begins it; afterwards it stands in both places.

        Args:
            latest_trade_id: reads the account's newest trade in the market from the venue.
            now_ms: unix ms.

        Raises:
            UserError: what is kept is of another venue or account.
            InvariantBroken: what is kept is damaged.
            DiskFailed: the file could not be read or written.
            RedisUnavailable: no answer.
            VenueError: the venue did not answer.
        """
        kept, told = self._disk.load(), self._told()
        latest = latest_trade_id()
        known = _newer(kept, told)
        if known is None:
            known = self._redis.begin(
                Checkpoint(baseline_trade_id=latest, since_s=now_ms // 1000, trade_id=latest, saved_at_ms=now_ms)
            )
        if kept is not None and told is not None and not _is_same_beginning(kept, told):
            self._log.warning("Redis told of another beginning; the one on disk counts", disk=kept, redis=told)
        if latest < known.baseline_trade_id:
            raise UserError(
                f"what is kept of this account and market begins at trade {known.baseline_trade_id}, but the venue's "
                f"newest is {latest}, so it is of another venue: name another state_dir and another Redis"
            )
        # History lags, and a simulated exchange that was started anew counts from the beginning.
        known = msgspec.structs.replace(known, trade_id=min(known.trade_id, latest))
        if known != kept:
            self._disk.save(known)
        if known != told:
            self._redis.save(known)
        self._held = known
        return known

    def save(self, trade_id: int, now_ms: int) -> None:
        """Writes how far everything is handled; a failure is only said, since a restart then reads a little more."""
        if self._held is None:
            raise InvariantBroken("the record is written before it was opened")
        self._held = msgspec.structs.replace(
            self._held, trade_id=max(trade_id, self._held.trade_id), saved_at_ms=now_ms
        )
        for place in (self._disk, self._redis):
            try:
                place.save(self._held)
            except (DiskFailed, CoordinationError) as error:
                self._log.warning("the checkpoint was not saved; a restart reads a little more", reason=str(error))

    def put_back(self) -> None:
        """Puts the record back into Redis where Redis has forgotten it.

        Raises:
            RedisUnavailable: no answer.
        """
        if self._held is not None and self._told() is None:
            self._log.warning("Redis has forgotten where A began; it is told again")
            self._redis.save(self._held)

    def close(self) -> None:
        """Lets other processes have the file."""
        self._disk.close()

    def _told(self) -> Checkpoint | None:
        """What Redis says; a damaged record there is as good as none, since the disk has it."""
        try:
            return self._redis.load()
        except InvariantBroken as error:
            self._log.error("the record in Redis is no use", reason=str(error))
            return None


def _newer(kept: Checkpoint | None, told: Checkpoint | None) -> Checkpoint | None:
    """The disk's beginning counts; of two records with one beginning, the one that is further."""
    if kept is None or told is None:
        return kept or told
    is_further = _is_same_beginning(kept, told) and told.trade_id > kept.trade_id
    return told if is_further else kept


def _is_same_beginning(one: Checkpoint, other: Checkpoint) -> bool:
    return (one.baseline_trade_id, one.since_s) == (other.baseline_trade_id, other.since_s)
