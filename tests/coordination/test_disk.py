"""Records on disk: whole after any crash, and one process's own."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hedge_strategy.coordination.checkpoint import Checkpoint
from hedge_strategy.coordination.disk import (
    DiskRecord,
    FileLock,
    HedgerMemory,
    hedger_memory,
    maker_checkpoint,
)
from hedge_strategy.errors import DiskFailed, InvariantBroken, UserError
from tests.coordination.tracing import needs_strace, system_calls

FIRST = HedgerMemory(epoch="e1", sequence=7, trade_id=(1 << 53) + 1, saved_at_ms=1_761_297_780_000)

# A process of its own that holds a record and saves ever larger sequences, saying each one once it is on disk.
SAVES_ON_AND_ON = """
import sys
from pathlib import Path
from hedge_strategy.coordination.disk import HedgerMemory, hedger_memory
record = hedger_memory(Path(sys.argv[1]), "BTC", 7)
for sequence in range(1, 1_000_000):
    record.save(HedgerMemory(epoch="e" * 5000, sequence=sequence, trade_id=0, saved_at_ms=0))
    sys.stdout.write(f"{sequence}\\n")
    sys.stdout.flush()
"""

APPENDS_ONCE = """
import sys
from pathlib import Path
from hedge_strategy.coordination.outbox import Outbox
from tests.coordination.samples import MAKER, message
Outbox(Path(sys.argv[1]), "BTC", MAKER).append(message())
sys.stdout.write("kept")
"""


def test_what_was_saved_is_read_back_by_the_next_run(tmp_path: Path) -> None:
    record = hedger_memory(tmp_path, "BTC", 7)
    assert record.load() is None
    record.save(FIRST)
    record.save(HedgerMemory(epoch="e1", sequence=8, trade_id=0, saved_at_ms=1))
    record.save(FIRST)
    record.close()
    assert hedger_memory(tmp_path, "BTC", 7).load() == FIRST


def test_roles_markets_and_accounts_are_kept_apart(tmp_path: Path) -> None:
    records = [hedger_memory(tmp_path, symbol, account) for symbol in ("BTC", "ETH/USDC") for account in (7, 8)]
    for number, record in enumerate(records):
        record.save(HedgerMemory(epoch="e1", sequence=number, trade_id=0, saved_at_ms=0))
    maker = maker_checkpoint(tmp_path, "BTC", 7)
    maker.save(Checkpoint(baseline_trade_id=5, since_s=6, trade_id=7, saved_at_ms=8))
    assert [found.sequence for record in records if (found := record.load())] == [0, 1, 2, 3]
    assert maker.load() == Checkpoint(baseline_trade_id=5, since_s=6, trade_id=7, saved_at_ms=8)


def test_only_this_user_may_read_it(tmp_path: Path) -> None:
    hedger_memory(tmp_path, "BTC", 7).save(FIRST)
    (path,) = tmp_path.glob("*.json")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"\x00" * 40, b'{"epoch": 5}'])
def test_a_damaged_record_is_said_and_never_taken_for_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(InvariantBroken, match=r"x\.json is damaged"):
        DiskRecord(path, HedgerMemory).load()


def test_a_crash_before_the_new_record_is_whole_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    record = DiskRecord(path, HedgerMemory)
    record.save(FIRST)
    (tmp_path / "x.json.left.new").write_bytes(b'{"epo')
    assert record.load() == FIRST
    record.save(FIRST)
    assert record.load() == FIRST
    assert [found.name for found in tmp_path.glob("*.new")] == ["x.json.left.new"]


def test_a_disk_that_takes_nothing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    record = DiskRecord(path, HedgerMemory)
    path.mkdir()
    with pytest.raises(DiskFailed, match=r"x\.json"):
        record.save(FIRST)


def test_a_second_process_gets_one_clear_line(tmp_path: Path) -> None:
    first = maker_checkpoint(tmp_path, "BTC", 7)
    with pytest.raises(UserError, match=rf"in use by another process \({os.getpid()}\)") as refused:
        maker_checkpoint(tmp_path, "BTC", 7)
    assert "Stop that one first; another folder is no way out" in str(refused.value)
    first.close()
    first.close()
    maker_checkpoint(tmp_path, "BTC", 7).close()


def test_a_hedger_that_waits_shares_the_memory_of_the_one_that_owns(tmp_path: Path) -> None:
    first, second = hedger_memory(tmp_path, "BTC", 7), hedger_memory(tmp_path, "BTC", 7)
    first.save(FIRST)
    assert second.load() == FIRST


def test_a_folder_that_cannot_be_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match="must be a folder"):
        FileLock(tmp_path / "file" / "x.json")


def test_a_killed_process_leaves_a_whole_record_and_no_lock(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SAVES_ON_AND_ON, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(20)]
        process.kill()
        said += [int(line) for line in process.stdout.read().split() if line]
    found = hedger_memory(tmp_path, "BTC", 7).load()
    assert found is not None
    assert found.sequence >= said[-1]


def test_two_that_share_a_record_may_save_it_at_the_same_moment(tmp_path: Path) -> None:
    records = [hedger_memory(tmp_path, "BTC", 7) for _ in range(4)]
    with ThreadPoolExecutor(len(records)) as pool:
        saving = [pool.submit(record.save, FIRST) for _ in range(50) for record in records]
    assert [one.exception() for one in saving if one.exception()] == []
    assert records[0].load() == FIRST
    assert [path.name for path in tmp_path.iterdir()] == ["hedger-BTC-7.json"], "and leave nothing beside it"


@needs_strace
def test_a_fill_that_waits_is_forced_to_disk_before_anybody_is_told(tmp_path: Path) -> None:
    calls = system_calls(APPENDS_ONCE, tmp_path)
    names = ["told" if "kept" in text else name for name, text in calls if ".jsonl>" in text or "kept" in text]
    assert names == ["write", "fsync", "told"]
    folder = [name for name, text in calls if f"<{tmp_path}>" in text]
    assert folder == ["fsync"], "the folder holds the file's name"
