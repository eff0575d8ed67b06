"""`hedge alerts`: checks, tries channels, lists; exit codes and no secrets."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from hedge_strategy.cli.app import app
from hedge_strategy.coordination.alert_board import AlertBoard
from hedge_strategy.coordination.connection import connect
from tests.alerts.listener import listening
from tests.cli.settings_file import KEYS, TEXT, write_settings
from tests.coordination.test_alert_board import FIRING, RESOLVED
from tests.redis_server import running_redis

SECRET = "very-secret-word"


def run(folder: Path, command: str, *more: str, rules: str = "", text: str = TEXT, **secrets: str) -> Result:
    path = write_settings(folder, text)
    named: tuple[str, ...] = ()
    if rules:
        (folder / "alerts.yaml").write_text(rules)
        named = ("--rules", str(folder / "alerts.yaml"))
    return CliRunner().invoke(app, ["alerts", command, "--config", str(path), *named, *more], env={**KEYS, **secrets})


def test_each_channel_is_tried_and_told_in_a_line(tmp_path: Path) -> None:
    rules = "channels: [{name: good, url_env: GOOD}, {name: bad, url_env: BAD}]"
    with listening() as service:
        good, bad = f"json://127.0.0.1:{service.port}/{SECRET}", f"json://127.0.0.1:1/{SECRET}"
        both = run(tmp_path, "test", rules=rules, GOOD=good, BAD=bad)
        assert both.exit_code == 1
        assert "good (JSON): sent" in both.stdout
        assert [line for line in both.stdout.splitlines() if line.startswith("bad (JSON): ") and "sent" not in line]
        assert SECRET not in both.output
        one = run(tmp_path, "test", rules="channels: [{name: good, url_env: GOOD}]", GOOD=good)
        assert (one.exit_code, len(service.bodies)) == (0, 2)
    assert run(tmp_path, "test", rules="rules: []").exit_code == 1, "nothing was tried"


def test_a_file_is_checked_before_it_is_used(tmp_path: Path) -> None:
    rule = "rules: [{name: it, type: risk, severity: info, condition: {kind: paused}}]"
    good = run(tmp_path, "check", rules=rule)
    assert (good.exit_code, good.stdout.strip()) == (0, "ok: 1 rules, 0 channels, Telegram is not set up")
    assert "no channel takes it" in good.stderr
    for rules, words in (
        (rule.replace("paused", "paussed"), "rules[0].condition.kind"),
        ("rules: [{name: it, type: risk, severity: info, condition: {kind: daily_loss, above: 1}}]", "trade journal"),
        (f"channels: [{{name: x, url: 'nonsense://{SECRET}'}}]", "apprise cannot read this URL"),
        ("", "no file of rules"),
    ):
        refused = run(tmp_path, "check", rules=rules)
        assert (refused.exit_code, len(refused.stderr.strip().splitlines())) == (2, 1), refused.stderr
        assert words in refused.stderr
        assert SECRET not in refused.output


def test_what_stands_is_listed_and_told_by_the_exit_code(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        text = TEXT.replace("port: 1}", f"port: {server.port}}}", 1)
        board = AlertBoard(client)
        board.put(FIRING)
        standing = run(tmp_path, "list", text=text)
        assert (standing.exit_code, "daily-loss" in standing.stdout) == (1, True)
        board.put(RESOLVED)
        told = json.loads(run(tmp_path, "list", "--json", text=text).stdout)
        assert (told["standing"], [one["state"] for one in told["recent"]]) == ([], ["resolved", "firing"])
        assert run(tmp_path, "list", text=text).exit_code == 0
    assert run(tmp_path, "list").exit_code == 2
