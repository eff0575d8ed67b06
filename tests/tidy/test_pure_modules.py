"""What decides is pure: no network, thread, clock or chance of its own, nor through what it imports."""

import ast
import re
from fnmatch import fnmatch

import pytest

from tests.tidy.source_files import (
    PACKAGE,
    imports_of,
    module_name,
    package_files,
    problems_of,
    read,
    require_none,
    syntax_of,
    used_names,
)

PURE = (
    "errors.py",
    "domain/*.py",
    "config/schema.py",
    "coordination/keys.py",
    "coordination/messages.py",
    "venues/*/wire.py",
    "venues/*/parse.py",
    "venues/*/encode.py",
    "maker/quoting.py",
    "maker/fill_tracker.py",
    "maker/machine.py",
    "hedger/sizing.py",
    "hedger/machine.py",
    "hedger/lane_counter.py",
    "hedger/settings.py",
    "hedger/sharing.py",
    "hosting/pace.py",
    "hedger/presign.py",
    "hedger/signing_events.py",
    "hedger/words.py",
    "hedger/resolution.py",
    "risk/*.py",
    "alerts/conditions.py",
    "alerts/rules.py",
    "alerts/snapshot.py",
    "alerts/judging.py",
    "alerts/machine.py",
    "simulator/matching.py",
    "simulator/accounts.py",
    "simulator/exchange.py",
    "simulator/faults.py",
    "simulator/flow.py",
    "simulator/drill.py",
    "simulator/txhash.py",
    "simulator/wire.py",
)
REPLACEMENT = {
    "asyncio": "move the waiting into the shell; a pure module takes an event and returns commands",
    "threading": "move the thread and its lock into the shell",
    "concurrent": "move the thread into the shell",
    "subprocess": "move the process into the shell",
    "time": "take `now` as an argument",
    "random": "take a seeded `random.Random` as an argument and make none here",
    "secrets": "take the bytes as an argument",
    "uuid": "compute the identifier from the event (domain/ids)",
    "socket": "move the network into the shell",
    "http": "move the network into the shell",
    "urllib": "move the network into the shell",
    "requests": "move the network into the shell",
    "redis": "move the network into coordination's shell",
    "websockets": "move the network into the shell",
    "aiohttp": "move the network into the shell",
}


def is_pure(path: str, text: str) -> bool:
    """By the design's list, or by the module's own word: a docstring that says "Pure."."""
    listed = any(fnmatch(path.removeprefix(f"{PACKAGE}/"), pattern) for pattern in PURE)
    return listed or bool(re.search(r"\bPure[.:,;]", ast.get_docstring(syntax_of(text)) or ""))


def purity_problems(text: str, path: str) -> list[str]:
    """Imports of a file, and its own coroutines, that no pure module may have."""
    allowed = {"random"} if _names_the_random_type_only(text, path) else set[str]()
    problems = [
        f"{path}:{found.line}: a pure module imports {top}; {REPLACEMENT[top]}"
        for found in imports_of(text, path)
        if (top := found.name.partition(".")[0]) in REPLACEMENT.keys() - allowed and not found.for_types_only
    ]
    problems += [
        f"{path}:{node.lineno}: a pure module has a coroutine; {REPLACEMENT['asyncio']}"
        for node in ast.walk(syntax_of(text))
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith)
    ]
    return problems


def _names_the_random_type_only(text: str, path: str) -> bool:
    """True where `random.Random` is the type of an argument, and nothing is drawn or made here."""
    uses = {id(node): name for name, node in used_names(text, path) if name.startswith("random.")}
    is_called = any(isinstance(node, ast.Call) and id(node.func) in uses for node in ast.walk(syntax_of(text)))
    return set(uses.values()) == {"random.Random"} and not is_called


def impure_ways(texts: dict[str, str], start: str) -> list[str]:
    """The ways by which a pure file reaches an impure one through the project's own imports.

    Args:
        texts: every file of the package by its path.
        start: the pure file.
    """
    paths = {module_name(path): path for path in texts}
    problems, seen = list[str](), {start}
    waiting: list[tuple[str, ...]] = [(start,)]
    while waiting:
        way = waiting.pop()
        if len(way) > 1 and (found := purity_problems(texts[way[-1]], way[-1])):
            problems.append(f"{' → '.join(way)}: {found[0]}")
            continue
        for imported in imports_of(texts[way[-1]], way[-1]):
            name = imported.name
            while name and name not in paths:
                name = name.rpartition(".")[0]
            following = paths.get(name)
            if following and following not in seen and not imported.for_types_only:
                seen.add(following)
                waiting.append((*way, following))
    return problems


def test_pure_modules_touch_no_network_thread_clock_or_chance() -> None:
    require_none(problems_of(purity_problems, [path for path in package_files() if is_pure(path, read(path) or "")]))


def test_pure_modules_lean_on_nothing_impure() -> None:
    texts = {path: read(path) or "" for path in package_files()}
    pure = [path for path, text in texts.items() if is_pure(path, text)]
    require_none([problem for path in pure for problem in impure_ways(texts, path)])


def test_the_list_of_pure_modules_is_not_out_of_date() -> None:
    names = [path.removeprefix(f"{PACKAGE}/") for path in package_files()]
    gone = [pattern for pattern in PURE if not any(fnmatch(name, pattern) for name in names)]
    assert not gone, f"no file is called {gone}; name the module that took its place"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import time", "`now` as an argument"),
        ("import asyncio.queues", "shell"),
        ("def f():\n    from random import choice", "seeded"),
        ("import random\ndef f(seed): return random.Random(seed)", "make none here"),
        ("import redis.asyncio", "coordination"),
        ("async def step(): ...", "coroutine"),
        ("from websockets.sync.client import connect", "shell"),
    ],
)
def test_an_impure_module_is_found(text: str, words: str) -> None:
    (problem,) = purity_problems(text, "hedge_strategy/risk/gate.py")
    assert words in problem


def test_a_module_is_pure_by_the_list_or_by_its_own_word() -> None:
    assert is_pure("hedge_strategy/maker/machine.py", "")
    assert is_pure("hedge_strategy/maker/notes.py", '"""What A noted, one line each. Pure."""')
    assert not is_pure("hedge_strategy/maker/process.py", '"""The shell. Purely moves bytes."""')


@pytest.mark.parametrize(
    "text",
    [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from random import Random",
        "import random\ndef f(chance: random.Random) -> float: return chance.random()",
    ],
)
def test_a_type_alone_is_no_chance(text: str) -> None:
    assert purity_problems(text, "hedge_strategy/simulator/flow.py") == []


def test_an_impure_module_behind_another_is_found() -> None:
    texts = {
        "hedge_strategy/risk/gate.py": "from hedge_strategy.risk.first import a",
        "hedge_strategy/risk/first.py": "from hedge_strategy.clock import SystemClock",
        "hedge_strategy/clock.py": "import time",
    }
    (problem,) = impure_ways(texts, "hedge_strategy/risk/gate.py")
    assert "gate.py → hedge_strategy/risk/first.py → hedge_strategy/clock.py" in problem
