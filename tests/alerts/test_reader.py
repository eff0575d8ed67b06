"""The file of rules with its secrets; and the sample has every condition."""

from pathlib import Path

import pytest

from hedge_strategy.alerts.conditions import AnyCondition
from hedge_strategy.alerts.reader import parse_alerts, read_alerts
from hedge_strategy.errors import ConfigError

SAMPLE = Path(__file__).parents[2] / "deploy" / "alerts" / "alerts.yaml"
URL = "json://user:very-secret-word@127.0.0.1/path"
TEXT = """
channels: [{name: ops, url_env: OPS_URL}]
telegram: {token_env: BOT_TOKEN, chats: [7]}
"""


def test_the_sample_is_in_order_and_has_every_condition() -> None:
    environment = {"HEDGE_ALERTS_TEAM_URL": URL, "HEDGE_ALERTS_PHONE_URL": URL}
    found = read_alerts(SAMPLE, environment)
    assert {type(rule.condition) for rule in found.file.rules} == set(AnyCondition.__args__)
    assert set(found.urls) == {"team", "phone"}


def test_secrets_come_from_the_environment_or_a_file_and_are_never_shown(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    kept.write_text("123:very-secret-word\n")
    found = parse_alerts(TEXT, {"OPS_URL": URL, "BOT_TOKEN_FILE": str(kept)})
    assert found.token is not None
    assert (found.urls["ops"].reveal(), found.token.reveal()) == (URL, "123:very-secret-word")
    assert "very-secret-word" not in repr(found)
    with pytest.raises(ConfigError, match="OPS_URL") as caught:
        parse_alerts(TEXT, {})
    assert caught.value.path == "channels[0].url_env"
    assert parse_alerts(TEXT, {}, needs_secrets=False).urls == {}


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        read_alerts(tmp_path / "none.yaml", {})
    (tmp_path / "bad.yaml").write_text("rules: [{name: it}]")
    with pytest.raises(ConfigError, match=r"rules\[0\]\.\w+: missing \(in .*bad.yaml\)"):
        read_alerts(tmp_path / "bad.yaml", {})
