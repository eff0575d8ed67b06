"""Fills that wait for Redis: none lost, in order, whatever ends the process."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from hedge_strategy.coordination.messages import FillMessage, encode
from hedge_strategy.coordination.outbox import Outbox, OutboxBounds
from hedge_strategy.errors import DiskFailed, InvariantBroken, UserError

from .samples import MAKER, message

# A process of its own whose disk is full in the middle of a line, and then is not.
MEETS_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from hedge_strategy.coordination.outbox import Outbox
from hedge_strategy.errors import DiskFailed
from tests.coordination.samples import MAKER, message
box = Outbox(Path(sys.argv[1]), "BTC", MAKER)
box.append(message(number=1))
(path,) = Path(sys.argv[1]).glob("*.jsonl")
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, most))
try:
    box.append(message(number=2))
except DiskFailed as error:
    sys.stdout.write(str(error))
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
box.append(message(number=3))
"""

APPENDS_ON_AND_ON = """
import sys
from pathlib import Path
from hedge_strategy.coordination.outbox import Outbox
from tests.coordination.samples import MAKER, message
box = Outbox(Path(sys.argv[1]), "BTC", MAKER)
for number in range(1, 1_000_000):
    box.append(message(number=number))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def open_box(folder: Path) -> Outbox:
    return Outbox(folder, "BTC", MAKER, OutboxBounds(lines_kept=10, orders_max=6))


def waiting(box: Outbox) -> list[FillMessage]:
    return [entry.message for entry in box.pending()]


def file_of(folder: Path) -> Path:
    (path,) = folder.glob("*.jsonl")
    return path


def test_what_was_appended_waits_in_order_over_a_restart(tmp_path: Path) -> None:
    sent = [message(f"0.{size:05}", number=number) for number in (3, 1, 2) for size in (20, 40)]
    box = open_box(tmp_path)
    assert box.pending() == ()
    assert [box.append(one) for one in sent] == [1, 2, 3, 4, 5, 6]
    assert waiting(box) == sent
    box.close()
    again = open_box(tmp_path)
    assert waiting(again) == sent
    assert file_of(tmp_path).read_bytes().splitlines() == [encode(one) for one in sent]


def test_what_was_published_is_forgotten_and_what_came_meanwhile_is_not(tmp_path: Path) -> None:
    box = open_box(tmp_path)
    for number in range(1, 4):
        box.append(message(number=number))
    published = box.pending()
    late = box.append(message(number=9))
    box.clear_up_to(published[-1].number)
    assert [(entry.number, entry.message.order) for entry in box.pending()] == [(late, message(number=9).order)]
    box.clear_up_to(late)
    assert file_of(tmp_path).stat().st_size == 0
    box.append(message(number=10))
    box.close()
    assert waiting(open_box(tmp_path)) == [message(number=10)]


def test_half_a_line_at_the_end_is_cut_off(tmp_path: Path) -> None:
    box = open_box(tmp_path)
    box.append(message(number=1))
    box.append(message(number=2))
    box.close()
    path = file_of(tmp_path)
    whole = path.read_bytes()
    for torn in (whole[:-1], whole[:-40], whole + b"\x00" * 30, whole + b"{"):
        path.write_bytes(torn)
        box = open_box(tmp_path)
        kept = [message(number=1), message(number=2)][: torn.count(b"\n")]
        assert waiting(box) == kept
        box.append(message(number=3))
        box.close()
        box = open_box(tmp_path)
        assert waiting(box) == [*kept, message(number=3)]
        box.close()


@pytest.mark.parametrize("damage", [b"not json", encode(msgspec.structs.replace(message(), market="ETH"))])
def test_a_line_that_nobody_appended_stops_the_start(tmp_path: Path, damage: bytes) -> None:
    box = open_box(tmp_path)
    box.append(message(number=1))
    box.close()
    path = file_of(tmp_path)
    path.write_bytes(path.read_bytes() + damage + b"\n" + path.read_bytes())
    for _ in range(2):
        with pytest.raises(InvariantBroken, match="line 2 is damaged"):
            open_box(tmp_path)


def test_a_long_file_keeps_the_newest_of_each_order(tmp_path: Path) -> None:
    box = open_box(tmp_path)
    for size in range(1, 10):
        box.append(message(f"0.{size:05}", number=size % 3, is_final=size == 7))
    box.append(message("0.00001", number=9))
    assert len(waiting(box)) == 10
    box.append(message("0.01000", number=1))
    box.close()
    kept = waiting(open_box(tmp_path))
    assert [(one.order, one.filled_base_amount, one.is_final) for one in kept] == [
        (message(number=1).order, "0.00007", True),
        (message(number=2).order, "0.00008", False),
        (message(number=0).order, "0.00009", False),
        (message(number=9).order, "0.00001", False),
        (message(number=1).order, "0.01000", False),
    ]


def test_what_was_told_before_the_file_was_shortened_is_still_cleared_after(tmp_path: Path) -> None:
    box = open_box(tmp_path)
    for size in range(1, 11):
        box.append(message(f"0.{size:05}", number=1 if size < 10 else 2))
    told = box.pending()
    box.append(message("0.00500", number=3))
    assert len(box.pending()) == 3
    box.clear_up_to(told[-1].number)
    assert waiting(box) == [message("0.00500", number=3)]


def test_a_late_smaller_message_does_not_replace_a_larger_one_nor_hide_an_end(tmp_path: Path) -> None:
    box = open_box(tmp_path)
    box.append(message("0.00500", number=1))
    for _ in range(9):
        box.append(message("0.00100", number=1, is_final=True))
    box.append(message("0.00001", number=2))
    first = box.pending()[0].message
    assert (first.filled_base_amount, first.is_final) == ("0.00500", True)


def test_more_orders_than_can_wait_are_refused_and_none_is_dropped(tmp_path: Path) -> None:
    box = open_box(tmp_path)
    for number in range(10):
        box.append(message(number=number))
    for _ in range(2):
        with pytest.raises(InvariantBroken, match="10 orders"):
            box.append(message(number=20))
    assert len(box.pending()) == 10
    box.clear_up_to(10)
    box.append(message(number=20))


def test_a_file_of_which_much_is_done_with_is_shortened(tmp_path: Path) -> None:
    box = open_box(tmp_path)
    for size in range(1, 21):
        box.append(message(f"0.{size:05}", number=1))
        box.append(message("0.00001", number=2))
        box.clear_up_to(box.pending()[-2].number)
    assert file_of(tmp_path).read_bytes().count(b"\n") <= 11
    box.close()
    assert waiting(open_box(tmp_path))[-1] == message("0.00001", number=2)


def test_another_markets_message_and_another_process_are_refused(tmp_path: Path) -> None:
    box = open_box(tmp_path)
    with pytest.raises(ValueError, match="is not kept for BTC"):
        box.append(msgspec.structs.replace(message(), market="ETH"))
    with pytest.raises(UserError, match="in use by another process"):
        open_box(tmp_path)
    box.close()
    box.close()
    open_box(tmp_path).close()


def test_a_full_disk_in_the_middle_of_a_line_spoils_nothing_before_or_after(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEETS_A_FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "too large" in done.stdout
    assert [one.order for one in waiting(open_box(tmp_path))] == [message(number=n).order for n in (1, 3)]


def test_a_killed_process_loses_nothing_that_it_had_kept(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", APPENDS_ON_AND_ON, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(50):
            process.stdout.readline()
        process.kill()
        said = 50 + process.stdout.read().count(b"\n")
    kept = [one.order for one in waiting(open_box(tmp_path))]
    assert len(kept) >= said
    assert kept == [message(number=number).order for number in range(1, len(kept) + 1)]


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    open_box(tmp_path).close()
    path = file_of(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(DiskFailed, match="jsonl"):
        open_box(tmp_path)
    path.rmdir()
    open_box(tmp_path).close()
