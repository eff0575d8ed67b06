"""What `docker-compose.yml` promises, read from the file itself."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from hedge_strategy.alerting import check_sources
from hedge_strategy.alerts.reader import read_alerts
from hedge_strategy.cli.simulated_accounts import SimulatedAccounts, write_simulated_config
from hedge_strategy.config.reader import read_config
from hedge_strategy.hedger.process import STOP_DEADLINE_MS as HEDGER_STOP_MS
from hedge_strategy.maker.process import LAST_CANCEL_DEADLINE_MS
from hedge_strategy.maker.process import STOP_DEADLINE_MS as MAKER_STOP_MS
from hedge_strategy.simulator.markets import DEFAULT_MARKETS
from tests.simulator.live_exchange import live_exchange

ROOT = Path(__file__).parents[2]
TREE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = TREE["services"]
OURS = ("maker", "hedger", "exchange", "journal", "console", "alerter")


def after(service: str, option: str) -> str:
    """What stands behind an option on a service's command line."""
    command = SERVICES[service]["command"]
    return str(command[command.index(option) + 1])


def test_redis_keeps_everything_and_is_closed_to_the_host() -> None:
    assert (after("redis", "--appendonly"), after("redis", "--maxmemory-policy")) == ("yes", "noeviction")
    assert SERVICES["redis"]["volumes"] == ["redis-data:/data"]
    assert "redis-cli" in SERVICES["redis"]["healthcheck"]["test"]


def test_no_port_is_published_but_what_people_look_at_on_this_machine() -> None:
    assert not any("network_mode" in service for service in SERVICES.values())
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"console", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_prometheus_reads_what_listens() -> None:
    read = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    jobs = {job["job_name"]: job for job in read["scrape_configs"]}
    place = read_config(ROOT / "deploy/compose/sim.yaml", {}).metrics.listen
    assert place == "0.0.0.0:9464"
    assert jobs["maker"]["static_configs"] == [{"targets": ["maker:9464"]}]
    for name in ("hedger", "journal"):
        (found,) = jobs[name]["dns_sd_configs"]
        assert (found["names"], found["port"]) == ([name], 9464)
        assert name in SERVICES


def test_grafana_is_given_its_dashboard_and_where_prometheus_is() -> None:
    mounts = [mount.split(":")[:2] for mount in SERVICES["grafana"]["volumes"]]
    inside = {where: ROOT / source for source, where in mounts if source.startswith("./")}
    assert all(path.is_dir() for path in inside.values())
    assert (inside["/var/lib/grafana/dashboards"] / "hedge.json").is_file()
    assert SERVICES["grafana"]["environment"]["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    sources = yaml.safe_load((inside["/etc/grafana/provisioning"] / "datasources" / "prometheus.yml").read_text())
    assert sources["datasources"][0]["url"] == "http://prometheus:9090"


def test_nothing_can_be_written_but_what_is_named() -> None:
    assert all(service["read_only"] for service in SERVICES.values())
    assert all("no-new-privileges:true" in service["security_opt"] for service in SERVICES.values())
    assert all(SERVICES[name]["cap_drop"] == ["ALL"] for name in OURS)


def test_no_shell_stands_between_the_engine_and_a_process() -> None:
    """A command that is no list is split at its blanks by the engine itself."""
    commands = [service.get("command", ()) for service in SERVICES.values()]
    words = [word for command in commands for word in (command.split() if isinstance(command, str) else command)]
    assert not {"sh", "bash", "-c", "exec", "&&", ";", "|"} & set(words)
    assert not any("entrypoint" in service for service in SERVICES.values())


def test_maker_and_hedger_have_time_to_drain() -> None:
    given_ms = {name: 1000 * int(SERVICES[name]["stop_grace_period"].removesuffix("s")) for name in ("maker", "hedger")}
    assert given_ms["maker"] > MAKER_STOP_MS + LAST_CANCEL_DEADLINE_MS
    assert given_ms["hedger"] > HEDGER_STOP_MS


def test_hedgers_can_be_several() -> None:
    assert "container_name" not in SERVICES["hedger"]
    assert "hostname" not in SERVICES["hedger"], "each names itself by its own"


def test_what_stands_around_the_trading_is_behind_profiles() -> None:
    assert {name: service.get("profiles") for name, service in SERVICES.items()} == {
        "redis": None, "maker": None, "hedger": None, "forget": ["sim"], "exchange": ["sim"], "journal": ["journal"],
        "alerter": ["observe"], "console": ["observe"], "prometheus": ["observe"], "grafana": ["observe"],
    }  # fmt: skip


def test_no_secret_is_in_the_file() -> None:
    for name in ("maker", "hedger", "journal", "console", "alerter"):
        assert set(SERVICES[name]["environment"].values()) == {None}, "taken from where compose runs"


def test_the_rules_that_are_mounted_where_none_are_named_need_no_secret_and_no_journal() -> None:
    found = read_alerts(ROOT / "deploy/compose/alerts.yaml", {})
    check_sources(read_config(ROOT / "deploy/compose/sim.yaml", {}), found.file)
    assert len(found.file.rules) > 5


def test_the_simulation_forgets_its_own_database_alone() -> None:
    config = read_config(ROOT / "deploy/compose/sim.yaml", {})
    assert str(config.redis.db) == after("forget", "-n") != "0"
    assert SERVICES["exchange"]["depends_on"]["forget"]["condition"] == "service_completed_successfully"
    assert any(mount.startswith(config.state_dir + ":") for mount in SERVICES["maker"]["tmpfs"])


@pytest.mark.process
def test_the_simulations_keys_are_those_that_its_exchange_makes(tmp_path: Path) -> None:
    with live_exchange() as exchange:
        markets = {market.symbol: market.opening_size for market in DEFAULT_MARKETS}
        wanted = SimulatedAccounts(msgspec.structs.asdict(exchange.urls), markets=markets)
        write_simulated_config(wanted, tmp_path / "made.yaml")
    made, kept = read_config(tmp_path / "made.yaml", {}), read_config(ROOT / "deploy/compose/sim.yaml", {})
    assert after("exchange", "--seed") == "1"
    assert made.markets == kept.markets
    assert len(kept.markets) > 1, "so that several hedgers have something to share"
