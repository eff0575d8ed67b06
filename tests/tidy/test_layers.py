"""Imports go one way, as the package's docstring draws it."""

import sys

import pytest

from tests.tidy.source_files import PACKAGE, imports_of, module_name, package_files, problems_of, require_none

LAYERS = {
    "domain": 0,
    "errors": 0,
    "clock": 0,
    "timeline": 0,
    "tally": 0,
    "files": 0,
    "config": 1,
    "risk": 1,
    "metrics": 1,
    "coordination": 2,
    "hosting": 2,
    "venues": 2,
    "simulator": 2,
    "maker": 3,
    "hedger": 3,
    "console": 3,
    "journal": 3,
    "alerts": 3,
    "cli": 4,
    "wiring": 4,
    "wiring_maker": 4,
    "consoling": 4,
    "doctor": 4,
    "earned_today": 4,
    "venue_eyes": 4,
    "inspection": 4,
    "journaling": 4,
    "alerting": 4,
    "alerting_telegram": 4,
    "main_A": 4,
    "main_B": 4,
    "__main__": 4,
}
TOP_LAYER = 4
OF_NO_VENUE = ("port", "lane", "closing", "self_trades")
"""What of `venues` is the same for every venue: the port, and what is made of it alone."""


def part_of(module: str) -> str:
    """The folder or module that has a layer: `hedge_strategy.venues.port` → `venues`; the package itself → ``."""
    own = module.removeprefix(PACKAGE).removeprefix(".")
    return own.partition(".")[0]


def within(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def layer_problems(text: str, path: str) -> list[str]:
    """Imports that go up, sideways, or from one venue to another; third parties where they may not be used."""
    module = module_name(path)
    part = part_of(module)
    if part and part not in LAYERS:
        return [f"{path}: {part} has no layer; put the file into a folder that has one, or give it one in the design"]
    problems = []
    for found in imports_of(text, path):
        reason = _foreign(part, found.name) or _of_ours(module, part, found.name)
        if reason:
            problems.append(f"{path}:{found.line}: imports {found.name}; {reason}")
    return problems


def _foreign(part: str, name: str) -> str | None:
    if within(name, PACKAGE):
        return None
    if within(name, "redis") and part != "coordination":
        return "only coordination imports redis: take what you need from a class of coordination"
    if part == "domain" and name.partition(".")[0] not in sys.stdlib_module_names:
        return "domain uses the standard library only: move what needs this up a layer"
    return None


def _of_ours(module: str, part: str, name: str) -> str | None:
    other = part_of(name)
    if not within(name, PACKAGE) or not part or other not in LAYERS:
        return None
    if other == part:
        return _between_venues(module, name) if part == "venues" else None
    if LAYERS[other] > LAYERS[part]:
        return f"{part} lies below {other}: hand it in from above, or move the shared value down"
    if LAYERS[other] == LAYERS[part] != TOP_LAYER:
        return f"{part} and {other} never import each other: put what both need a layer below, or join them in wiring"
    is_any_venue = any(within(name, f"{PACKAGE}.venues.{one}") for one in OF_NO_VENUE)
    if other == "venues" and LAYERS[part] < TOP_LAYER and not is_any_venue:
        return f"{part} knows venues by venues.port only: wiring hands the venue in"
    return None


def _between_venues(module: str, name: str) -> str | None:
    own, other = (
        dotted.removeprefix(f"{PACKAGE}.venues").removeprefix(".").partition(".")[0] for dotted in (module, name)
    )
    if other in ("", own) or own == "registry":
        return None
    if own in OF_NO_VENUE and other in OF_NO_VENUE:
        return None
    if own == "port":
        return "the port knows no venue and no transport: put what it needs into domain"
    if own == "transport":
        return "transport serves every venue and knows none: hand it in as an argument"
    if own in OF_NO_VENUE:
        return f"{own} knows venues by their port only: hand it in as an argument"
    if other not in ("port", "transport"):
        return "one venue never imports another: share through venues/transport or domain"
    return None


def test_imports_go_one_way() -> None:
    require_none(problems_of(layer_problems, package_files()))


@pytest.mark.parametrize(
    ("path", "line", "words"),
    [
        ("domain/order.py", "from hedge_strategy.config.schema import Config", "lies below config"),
        ("domain/order.py", "import msgspec", "standard library only"),
        ("domain/order.py", "from hedge_strategy.errors import WireError", "never import each other"),
        ("risk/gate.py", "from hedge_strategy.config import schema", "never import each other"),
        ("risk/gate.py", "from hedge_strategy import hedger", "lies below hedger"),
        ("simulator/server.py", "from hedge_strategy.venues.lighter.parse import trade", "never import each other"),
        ("venues/lighter/parse.py", "import hedge_strategy.simulator.wire", "never import each other"),
        ("venues/lighter/parse.py", "from hedge_strategy.venues.other.parse import trade", "one venue never imports"),
        ("venues/lighter/parse.py", "from ..other import parse", "one venue never imports"),
        ("venues/transport/backoff.py", "from hedge_strategy.venues.lighter import rest", "knows none"),
        ("venues/port.py", "from hedge_strategy.venues.transport import backoff", "the port knows"),
        ("maker/process.py", "from hedge_strategy.hedger.sizing import size", "never import each other"),
        ("maker/process.py", "from hedge_strategy.venues.lighter.venue import Lighter", "by venues.port only"),
        ("hedger/process.py", "import redis", "only coordination"),
        ("cli/audit.py", "from redis.client import Redis", "only coordination"),
        ("maker/process.py", "def f():\n    from hedge_strategy.wiring import build", "lies below wiring"),
        ("maker/process.py", "if TYPE_CHECKING:\n    from hedge_strategy.cli import app", "lies below cli"),
        ("utilities/text.py", "x = 1", "has no layer"),
    ],
)
def test_a_wrong_import_is_found(path: str, line: str, words: str) -> None:
    (problem,) = layer_problems(line, f"{PACKAGE}/{path}")
    assert words in problem


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("hedge_strategy/hedger/machine.py", "from hedge_strategy.venues.port import Venue"),
        ("hedge_strategy/hedger/machine.py", "from hedge_strategy.venues import port"),
        ("hedge_strategy/coordination/lease.py", "from redis.exceptions import TimeoutError"),
        ("hedge_strategy/venues/lighter/rest.py", "from hedge_strategy.venues.transport.backoff import Backoff"),
        ("hedge_strategy/venues/registry.py", "from hedge_strategy.venues.lighter.venue import Lighter"),
        ("hedge_strategy/cli/maker.py", "from hedge_strategy.wiring import maker"),
        ("hedge_strategy/cli/app.py", "from hedge_strategy import __version__"),
        ("main_A.py", "from hedge_strategy.cli import main"),
    ],
)
def test_a_right_import_is_let_through(path: str, line: str) -> None:
    assert layer_problems(line, path) == []
