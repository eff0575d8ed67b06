"""Whoever is woken finds what the alert means and what to do."""

import re

from hedge_strategy.metrics.reference import series_names
from tests.deploy.watched import DEPLOY, names_in_rules, rules

PAGE = DEPLOY.parent / "docs" / "operations.md"
SEVERITIES = {"critical", "warning", "info"}


def test_every_alert_says_what_it_means_what_to_do_and_where_more_is_said() -> None:
    headings = {f"#{name.lower()}" for name in re.findall(r"^### (\w+)$", PAGE.read_text(), re.MULTILINE)}
    for rule in rules():
        said = rule["annotations"]
        assert all(said[part] for part in ("summary", "description", "action")), rule["alert"]
        assert rule["labels"]["severity"] in SEVERITIES, rule["alert"]
        page, _, heading = said["runbook"].partition("#")
        assert page == "docs/operations.md" and f"#{heading}" in headings, rule["alert"]


def test_the_page_has_no_alert_that_is_none() -> None:
    told = set(re.findall(r"^### (Hedge\w+)$", PAGE.read_text(), re.MULTILINE))
    assert told == {rule["alert"] for rule in rules()}


def test_every_figure_that_a_rule_asks_for_is_told() -> None:
    assert names_in_rules() <= series_names() | {"up"}
