"""`deploy/k8s`: every object fits the published schema of its kind, and holds what is promised of it.

Checked: each file against the schemas of `kubernetes-validate` (unknown fields are errors). Not checked: what a
cluster's own admission says, and that kustomize puts the files together.
"""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from hedge_strategy.alerting import check_sources
from hedge_strategy.alerts.reader import read_alerts
from hedge_strategy.config.reader import read_config

FOLDER = Path(__file__).parents[2] / "deploy/k8s"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
FILES: list[str] = KUSTOMIZATION["resources"]
ACCOUNTS = {"HEDGE_KEY_A": "a1" * 40, "HEDGE_KEY_B": "b2" * 40, "REDIS_URL": "rediss://redis.internal:6379/0"}


def read(name: str) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return tree


def pod(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = read(name)["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("version", ["1.29", kubernetes_validate.latest_version()])
def test_each_object_fits_its_schema(name: str, version: str) -> None:
    kubernetes_validate.validate(read(name), version, strict=True)


def test_a_wrong_field_would_be_found() -> None:
    wrong = read("hedger.yaml")
    wrong["spec"]["template"]["spec"]["containers"][0]["readOnlyRoot"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_every_file_is_part_of_it() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == {*FILES, "kustomization.yaml", "config.yaml", "alerts.yaml"}


@pytest.mark.parametrize("name", ["maker.yaml", "hedger.yaml", "alerter.yaml"])
def test_a_pod_may_nothing(name: str) -> None:
    spec = pod(name)
    (container,) = spec["containers"]
    assert (spec["automountServiceAccountToken"], spec["securityContext"]["runAsNonRoot"]) == (False, True)
    assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip


@pytest.mark.parametrize("name", ["maker.yaml", "hedger.yaml"])
def test_secrets_are_named_and_never_written(name: str) -> None:
    (container,) = pod(name)["containers"]
    assert all(set(one["valueFrom"]) == {"secretKeyRef"} for one in container["env"])
    assert {one["name"] for one in container["env"]} == set(ACCOUNTS)
    assert read_config(FOLDER / "config.yaml", ACCOUNTS).redis.host == "redis.internal"


@pytest.mark.parametrize("name", ["maker.yaml", "hedger.yaml"])
def test_only_the_live_probe_forgives_a_redis_that_is_away(name: str) -> None:
    (container,) = pod(name)["containers"]
    probes = {
        probe: container[probe]["exec"]["command"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert all(command[:2] == ["hedge", "healthcheck"] for command in probes.values())
    assert [probe for probe, command in probes.items() if "--live" in command] == ["livenessProbe"]


def test_there_is_never_a_second_maker_and_what_it_keeps_stays() -> None:
    maker = read("maker.yaml")
    assert (maker["kind"], maker["spec"]["replicas"]) == ("StatefulSet", 1)
    (claim,) = maker["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] in {one["name"] for one in pod("maker.yaml")["containers"][0]["volumeMounts"]}
    assert pod("maker.yaml")["terminationGracePeriodSeconds"] >= 100


@pytest.mark.parametrize("name", ["maker.yaml", "hedger.yaml"])
def test_prometheus_finds_the_metrics_where_the_settings_have_them(name: str) -> None:
    port = read_config(FOLDER / "config.yaml", ACCOUNTS).metrics.listen.rpartition(":")[2]  # type: ignore[union-attr]
    said = read(name)["spec"]["template"]["metadata"]["annotations"]
    assert (said["prometheus.io/scrape"], said["prometheus.io/port"], said["prometheus.io/path"]) == (
        "true", port, "/metrics",
    )  # fmt: skip
    assert pod(name)["containers"][0]["ports"] == [{"name": "metrics", "containerPort": int(port)}]


def test_only_prometheus_comes_in_and_only_dns_redis_and_the_venue_are_reached() -> None:
    spec = read("network-policy.yaml")["spec"]
    ((rule,), types) = spec["ingress"], sorted(spec["policyTypes"])
    assert types == ["Egress", "Ingress"]
    assert [one["podSelector"]["matchLabels"] for one in rule["from"]] == [{"app.kubernetes.io/name": "prometheus"}]
    assert [port["port"] for port in rule["ports"]] == [9464]
    assert [sorted({port["port"] for port in rule["ports"]}) for rule in spec["egress"]] == [[53], [6379], [443]]
    assert all(rule["to"] for rule in spec["egress"])


def test_the_alerters_rules_are_in_order_and_its_url_is_a_secret() -> None:
    (container,) = pod("alerter.yaml")["containers"]
    assert all(set(one["valueFrom"]) == {"secretKeyRef"} for one in container["env"])
    given = {one["name"]: "json://127.0.0.1" for one in container["env"]}
    check_sources(read_config(FOLDER / "config.yaml", ACCOUNTS), read_alerts(FOLDER / "alerts.yaml", given).file)
    assert "--live" in container["livenessProbe"]["exec"]["command"], "Redis away is no reason to restart it"
