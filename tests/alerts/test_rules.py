"""The file of rules: each mistake is one line with its path, and what makes no sense is refused."""

import pytest

from hedge_strategy.alerts.reader import parse_alerts
from hedge_strategy.alerts.rules import AlertFile
from hedge_strategy.errors import ConfigError


def parsed(rule: str, more: str = "") -> AlertFile:
    text = f"rules:\n  - {{name: it, type: risk, severity: warning, {rule}}}\n{more}"
    return parse_alerts(text, {}, needs_secrets=False).file


LOSS = "condition: {kind: daily_loss, above: 10}"
MISSING = "condition: {kind: hedger_missing}"
ONE_CHANNEL = "channels: [{name: ops, url: 'json://localhost'}]"


@pytest.mark.parametrize(
    ("rule", "more", "path", "words"),
    [
        ("condition: {kind: daily_lose, above: 1}", "", "rules[0].condition.kind", "daily_lose"),
        ("condition: {kind: daily_loss}", "", "rules[0].condition.above", "missing"),
        ("condition: {kind: daily_loss, above: 0}", "", "rules[0].condition.above", "more than 0"),
        ("condition: {kind: daily_loss, above: 'NaN'}", "", "rules[0].condition.above", "more than 0"),
        ("condition: {kind: api_failure_rate, above: 20}", "", "rules[0].condition.above", "fraction"),
        ("condition: {kind: price_breakout}", "", "rules[0].condition.above", "give above"),
        ("condition: {kind: price_breakout, above: 5, below: 6}", "", "rules[0].condition.below", "less than above"),
        ("condition: {kind: price_spread, above: 1, between: [a, a]}", "", "rules[0].condition.between", "different"),
        ("condition: {kind: price_move, above: 1, source: x}", "", "rules[0].condition", "no price source x"),
        (f"{LOSS}, chanels: []", "", "rules[0].chanels", "did you mean channels"),
        (f"{LOSS}, channels: [ops]", "", "rules[0].channels[0]", "no channel ops"),
        (f"{LOSS}, repeat_s: 5", "", "rules[0].repeat_s", "60 seconds"),
        (f"{LOSS}, markets: [BTC]", "", "rules[0].markets", "not of a market"),
        (f"{LOSS}, action: resume", "", "rules[0].action", "nothing is resumed"),
        (f"{LOSS}, action: pause, resolved_action: resume", "", "rules[0].resolved_action", "not over"),
        (f"{MISSING}, resolved_action: resume", "", "rules[0].resolved_action", "there is none"),
        (f"{MISSING}, action: pause, resolved_action: flatten", "", "rules[0].resolved_action", "expected resume"),
        (f"{MISSING}, action: flatten", "", "rules[0].action", "nobody is there"),
        ("condition: {kind: paused}, action: pause", "", "rules[0].action", "paused already"),
        ("condition: {kind: source_lost, source: redis}, action: pause", "", "rules[0].action", "without Redis"),
        (LOSS, "channels: [{name: ops}]", "channels[0].url", "url_env"),
        (LOSS, "telegram: {chats: [1]}", "telegram.token", "token_env"),
        (LOSS, "telegram: {chats: [], token_env: X}", "telegram.chats", "length"),
        (LOSS, "price_sources: [{name: a, base_url: 'http://x'}]", "price_sources", "twice"),
    ],
)
def test_a_mistake_is_told_with_its_path(rule: str, more: str, path: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(rule, more)
    assert caught.value.path == path
    assert words in caught.value.problem


def test_two_rules_of_one_name_are_refused() -> None:
    rule = "{name: it, type: risk, severity: info, condition: {kind: paused}}"
    with pytest.raises(ConfigError, match="it stands there twice"):
        parse_alerts(f"rules: [{rule}, {rule}]", {})


def test_a_rule_goes_to_all_channels_that_take_its_severity_or_to_those_it_names() -> None:
    more = (
        "channels: [{name: team, url: 'json://x'}, {name: phone, url: 'json://x', min_severity: critical},"
        " {name: mail, url: 'json://x'}]"
    )
    for rule, channels in ((LOSS, ("team", "mail")), (f"{LOSS}, channels: [mail, phone]", ("mail",))):
        file = parsed(rule, more)
        assert file.channels_of(file.rules[0]) == channels


def test_a_resume_goes_with_a_price_that_is_back() -> None:
    file = parsed("condition: {kind: price_breakout, above: 5}, action: resume", ONE_CHANNEL)
    assert file.rules[0].action == "resume"
