"""Nothing listens unless it is told to, and what cannot listen is one line and exit code 2 before anything starts."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedge_strategy.cli.app import app
from hedge_strategy.cli.metered import told_metrics
from hedge_strategy.clock import SystemClock
from tests.cli.settings_file import KEYS, TEXT, write_settings

COMMANDS = (
    ("maker", "--market", "BTC", "--quantity", "0.0002", "--depth", "1"),
    ("hedger", "--market", "BTC"),
    ("journal",),
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("is_in_settings", [True, False])
def test_a_busy_port_is_one_line(tmp_path: Path, command: tuple[str, ...], is_in_settings: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        place = f"127.0.0.1:{busy.getsockname()[1]}"
        text = TEXT + (f"metrics: {{listen: '{place}'}}\n" if is_in_settings else "")
        arguments = [*command, "--config", str(write_settings(tmp_path, text))]
        asked = arguments if is_in_settings else [*arguments, "--metrics", place]
        result = CliRunner().invoke(app, asked, env=KEYS)
    assert result.exit_code == 2
    assert f"--metrics {place}: cannot listen there: address already in use" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_without_a_place_nothing_is_loaded_and_nothing_listens() -> None:
    with told_metrics(None, "maker", SystemClock()) as tally:
        assert tally is None
    modules = "hedge_strategy.cli.metered, hedge_strategy.hedger.marks, hedge_strategy.maker.marks"
    script = f"import sys, {modules}; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
