"""A crash at any moment leaves a file as it was or as it was meant to be."""

import stat
from pathlib import Path

import pytest

from hedge_strategy.files import write_whole
from tests.coordination.tracing import needs_strace, system_calls

SAVES_ONCE = """
import sys
from pathlib import Path
from hedge_strategy.files import write_whole
write_whole(Path(sys.argv[1]) / "x.json", b"{}")
"""


def test_content_is_replaced_for_its_owner_alone_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"older, and longer than what comes")
    path.chmod(0o644)
    write_whole(path, b"{}")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"{}", 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_where_it_cannot_take_its_place_the_old_content_stays_alone(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_whole(tmp_path / "folder", b"{}")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


@needs_strace
def test_a_record_is_forced_to_disk_before_it_takes_its_place_and_its_folder_after(tmp_path: Path) -> None:
    calls = system_calls(SAVES_ONCE, tmp_path)
    new, folder = f"<{tmp_path}/x.json.", f"<{tmp_path}>"
    steps = [name for name, text in calls if new in text and name == "fsync"]
    steps += [name for name, text in calls if name.startswith("rename")]
    order = [name for name, text in calls if name != "write" and (new in text or folder in text or ".new" in text)]
    assert steps == ["fsync", "rename"]
    assert order == ["fsync", "rename", "fsync"]
