"""Which figures the alert rules and the dashboard ask for."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "hedge.json"
_NAME = re.compile(r"(?<![\w{,\"$])(up|(?:hedge|process|python)_\w+)\b")


def rules() -> list[dict[str, Any]]:
    """Every alert."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    """As Grafana loads it."""
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def panels() -> list[dict[str, Any]]:
    """Its panels, those in rows included."""
    return [one for panel in dashboard()["panels"] for one in (panel, *panel.get("panels", ()))]


def names_in(expression: str) -> set[str]:
    """Figures that a query asks for; none is a mistake."""
    found = set(_NAME.findall(re.sub(r"\{[^}]*\}", "", expression)))
    assert found, f"no figure of ours in {expression}"
    return found


def expressions_in_dashboard() -> list[str]:
    """Every query of a panel."""
    return [target["expr"] for panel in panels() for target in panel.get("targets", ())]


def names_in_rules() -> set[str]:
    """Of all alerts."""
    return {name for rule in rules() for name in names_in(rule["expr"])}


def names_in_dashboard() -> set[str]:
    """Of all panels."""
    return {name for expression in expressions_in_dashboard() for name in names_in(expression)}
