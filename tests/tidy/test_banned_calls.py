"""Calls that hide the time, chance, output or failures, and arithmetic that loses money."""

import ast
import re
from collections.abc import Iterator
from types import MappingProxyType

import pytest

from tests.tidy.source_files import (
    files_of_tests,
    imports_of,
    package_files,
    problems_of,
    read,
    require_none,
    syntax_of,
    used_names,
)

_TAKE_A_CLOCK = "take a `Clock` (clock.py) or `now` as an argument"
CLOCKS = MappingProxyType(
    {
        "time.time": _TAKE_A_CLOCK,
        "time.time_ns": _TAKE_A_CLOCK,
        "time.monotonic": _TAKE_A_CLOCK,
        "time.monotonic_ns": _TAKE_A_CLOCK,
        "time.perf_counter": _TAKE_A_CLOCK,
        "time.perf_counter_ns": _TAKE_A_CLOCK,
        "time.sleep": "take a `Clock` and call its `sleep`",
        "datetime.datetime.now": _TAKE_A_CLOCK,
        "datetime.datetime.utcnow": _TAKE_A_CLOCK,
        "datetime.datetime.today": _TAKE_A_CLOCK,
        "datetime.date.today": _TAKE_A_CLOCK,
    }
)
CHANCE = MappingProxyType(
    {
        "uuid.uuid1": "compute the identifier from the event, or count it in the ledger (domain/ids)",
        "uuid.uuid4": "compute the identifier from the event, or count it in the ledger (domain/ids)",
        "random.SystemRandom": "take a seeded `random.Random` as an argument",
    }
)
READS_THE_CLOCK = "hedge_strategy/clock.py"
MAKES_RANDOM_SOURCES = ("hedge_strategy/wiring.py", "hedge_strategy/cli/")

# The outermost code of a process or thread, `path::function`, and what it does with what it catches.
OUTERMOST_LOOPS = MappingProxyType(
    {
        "hedge_strategy/venues/transport/live_socket.py::LiveSocket._run": (
            "outermost loop of the socket's thread: logged with its trace, the connection is given up for a new one"
        ),
        "hedge_strategy/maker/process.py::MakerProcess._guard": (
            "outermost frame of each of A's threads: logged with its trace, A cancels and ends"
        ),
        "hedge_strategy/coordination/turns.py::in_turn": (
            "outermost frame of B's threads for one market, or its turn on a shared one: logged; it drains and ends"
        ),
        "hedge_strategy/hosting/market_run.py::MarketRun._run": (
            "outermost frame of one market's thread: logged with its trace, that market ends and the others go on"
        ),
        "hedge_strategy/alerts/delivery.py::ChannelThread._run": (
            "outermost loop of a channel's thread, and services' libraries raise anything: said without its text, "
            "which could hold the channel's URL; the message counts as failed"
        ),
        "hedge_strategy/tally.py::Tally._safely": (
            "a mistake in a figure: logged with its trace and counted; a thread that dies would end the process"
        ),
        "hedge_strategy/alerts/guard.py::Guard.keep": (
            "outermost loop of the alerter: logged with its trace, said by every channel, and looked again"
        ),
        "hedge_strategy/console/collector.py::Collector._look_until_stopped": (
            "outermost loop of the console's looks: logged with its trace, every page is told, and looked again"
        ),
        "hedge_strategy/venues/lighter/signer.py::Signer._load": (
            "whole body of the loading thread, and the SDK raises bare Exception: kept as the reason of every refusal"
        ),
    }
)

# Where the venue itself sends JSON numbers for money (venue fact sheet 1.3), so that a float has to be made for show.
FLOATS_OF_THE_VENUE = MappingProxyType(
    {"hedge_strategy/simulator/wire_markets.py": "last price, open interest and daily figures, never calculated with"}
)

MONEY = re.compile(
    r"(?<![a-z])(prices?|sizes?|amounts?|quotes?|lots|ticks|collateral|balances?|margins?|notional|pnl|fees?"
    r"|slippage|exposure|positions?)(?![a-z])"
)


def clock_and_chance_problems(text: str, path: str) -> list[str]:
    """Readings of the clock and draws of chance outside their homes."""
    problems = []
    for name, node in used_names(text, path):
        instead = None
        if path != READS_THE_CLOCK:
            instead = CLOCKS.get(name)
        if not path.startswith(MAKES_RANDOM_SOURCES):
            instead = instead or CHANCE.get(name)
            if name.startswith("random.") and name.partition(".")[2][:1].islower():
                instead = "draw from a seeded `random.Random` that is handed in"
        if instead:
            problems.append(f"{path}:{node.lineno}: {name}; {instead}")
    return problems + list(_unseeded(text, path))


def _unseeded(text: str, path: str) -> Iterator[str]:
    if path.startswith(MAKES_RANDOM_SOURCES):
        return
    makers = {id(node) for name, node in used_names(text, path) if name == "random.Random"}
    for node in ast.walk(syntax_of(text)):
        if isinstance(node, ast.Call) and id(node.func) in makers and not (node.args or node.keywords):
            yield f"{path}:{node.lineno}: a random source without a seed; hand the seed in"


def print_problems(text: str, path: str) -> list[str]:
    """Output past the log and the command line."""
    return [
        f"{path}:{node.lineno}: print; log an event, or in cli/ write by typer.echo or sys.stdout.write"
        for name, node in used_names(text, path)
        if name in ("print", "builtins.print")
    ]


def swallowing_problems(text: str, path: str) -> list[str]:
    """Handlers that catch everything, outside the outermost loops, unless they end by raising it again."""
    problems = []
    for function, node in _by_function(syntax_of(text)):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or any(_is_everything(kind) for kind in _kinds(node.type))
            last = node.body[-1]
            raised_again = isinstance(last, ast.Raise) and last.exc is None
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "suppress":
            broad, raised_again = any(_is_everything(kind) for kind in node.args), False
        else:
            continue
        if broad and not raised_again and f"{path}::{function}" not in OUTERMOST_LOOPS:
            problems.append(
                f"{path}:{node.lineno}: {function} catches everything; name the errors (errors.py), or where this is "
                "the outermost loop of a process, add it with its reason to OUTERMOST_LOOPS"
            )
    return problems


def _by_function(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.AST]]:
    for node in ast.iter_child_nodes(tree):
        name = inside
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{inside}.{node.name}" if inside else node.name
        yield inside, node
        yield from _by_function(node, name)


def _kinds(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _is_everything(kind: ast.expr) -> bool:
    return ast.unparse(kind).removeprefix("builtins.") in ("Exception", "BaseException")


def float_problems(text: str, path: str) -> list[str]:
    """Floats next to what is named like money: made by `float(...)` or declared."""
    if path in FLOATS_OF_THE_VENUE:
        return []
    problems = []
    for node in ast.walk(syntax_of(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "float":
            near = [ast.unparse(argument) for argument in node.args]
        elif isinstance(node, ast.AnnAssign) and _declares_float(node.annotation):
            near = [ast.unparse(node.target)]
        elif isinstance(node, ast.arg) and node.annotation and _declares_float(node.annotation):
            near = [node.arg]
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and ast.unparse(node.value.func) == "float"
        ):
            near = [ast.unparse(target) for target in node.targets]
        else:
            continue
        if money := [name for name in near if MONEY.search(name.lower())]:
            problems.append(
                f"{path}:{node.lineno}: {money[0]} as a float; keep Decimal, and whole lots and ticks on the wire "
                "(domain/market converts)"
            )
    return problems


def _declares_float(annotation: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "float" for node in ast.walk(annotation))


def patching_problems(text: str, path: str) -> list[str]:
    """Mocks, and patches of our own code."""
    problems = [
        f"{path}:{found.line}: {found.name}; hand in a small fake at the seam (port, Clock), or start the real thing"
        for found in imports_of(text, path)
        if found.name.startswith(("unittest.mock", "mock.", "pytest_mock")) or found.name == "mock"
    ]
    problems += [
        f"{path}:{node.lineno}: {name}; hand in what differs as an argument, our own code is never patched"
        for name, node in used_names(text, path)
        if name in ("monkeypatch.setattr", "monkeypatch.delattr", "mocker.patch")
    ]
    return problems


def sleeping_problems(text: str, path: str) -> list[str]:
    """Sleeps in tests."""
    return [
        f"{path}:{node.lineno}: {name}; wait with tests/polling.wait_until, which has a deadline"
        for name, node in used_names(text, path)
        if name == "time.sleep"
    ]


def test_time_and_chance_come_in_as_arguments() -> None:
    require_none(problems_of(clock_and_chance_problems, package_files()))


def test_nothing_is_printed() -> None:
    require_none(problems_of(print_problems, package_files()))


def test_nothing_is_swallowed() -> None:
    require_none(problems_of(swallowing_problems, package_files()))


def test_floats_never_touch_money() -> None:
    require_none(problems_of(float_problems, package_files()))


def test_our_own_code_is_never_patched() -> None:
    require_none(problems_of(patching_problems, package_files() + files_of_tests()))


def test_no_test_sleeps() -> None:
    require_none(problems_of(sleeping_problems, files_of_tests()))


def test_exceptions_to_the_rules_are_still_needed() -> None:
    for path in FLOATS_OF_THE_VENUE:
        assert "float" in (read(path) or ""), f"{path} has no float any more; take it off the list"
    for place in OUTERMOST_LOOPS:
        path, _, function = place.partition("::")
        functions = {inside for inside, node in _by_function(syntax_of(read(path) or "")) if isinstance(node, ast.Try)}
        assert function in functions, f"{place} catches nothing any more; take it off the list"


WRONG = [
    (clock_and_chance_problems, "import time\ntime.monotonic()", "Clock"),
    (clock_and_chance_problems, "import time as t\nread = t.time_ns", "Clock"),
    (clock_and_chance_problems, "from time import time\ntime()", "Clock"),
    (clock_and_chance_problems, "from time import sleep as nap\nnap(1)", "its `sleep`"),
    (clock_and_chance_problems, "from datetime import datetime\ndatetime.now()", "Clock"),
    (clock_and_chance_problems, "import datetime\ndatetime.datetime.utcnow()", "Clock"),
    (clock_and_chance_problems, "import random\nrandom.uniform(0, 1)", "seeded"),
    (clock_and_chance_problems, "from random import choice\nchoice([1])", "seeded"),
    (clock_and_chance_problems, "import random\nrandom.Random()", "seed"),
    (clock_and_chance_problems, "import uuid\nuuid.uuid4()", "compute the identifier"),
    (print_problems, "def f():\n    print('x')", "log an event"),
    (swallowing_problems, "def f():\n    try: g()\n    except Exception: pass", "f catches everything"),
    (swallowing_problems, "class A:\n    def f(self):\n        try: g()\n        except: pass", "A.f catches"),
    (swallowing_problems, "try: g()\nexcept (OSError, BaseException) as e: log(e)", "catches everything"),
    (swallowing_problems, "import contextlib\nwith contextlib.suppress(Exception): g()", "catches everything"),
    (float_problems, "float(order.price)", "Decimal"),
    (float_problems, "float(row['filled_base_amount'])", "Decimal"),
    (float_problems, "price = float(row[1])", "Decimal"),
    (float_problems, "class A:\n    max_order_size: float | None = None", "Decimal"),
    (float_problems, "def f(lots: float) -> None: ...", "Decimal"),
    (patching_problems, "from unittest.mock import patch", "fake at the seam"),
    (patching_problems, "from unittest import mock", "fake at the seam"),
    (patching_problems, "def test(monkeypatch):\n    monkeypatch.setattr(module, 'f', g)", "never patched"),
    (sleeping_problems, "from time import sleep\nsleep(1)", "wait_until"),
]


@pytest.mark.parametrize(("rule", "text", "words"), WRONG)
def test_what_is_banned_is_found(rule: object, text: str, words: str) -> None:
    assert callable(rule)
    (problem,) = rule(text, "hedge_strategy/maker/process.py")
    assert words in problem


RIGHT = [
    (clock_and_chance_problems, "hedge_strategy/clock.py", "import time\ntime.time_ns()"),
    (clock_and_chance_problems, "hedge_strategy/wiring.py", "import random\nrandom.Random()"),
    (clock_and_chance_problems, "hedge_strategy/simulator/flow.py", "import random\nrandom.Random(7).uniform(0, 1)"),
    (clock_and_chance_problems, "hedge_strategy/maker/process.py", "clock.sleep(1)\nclock.now_ns()"),
    (swallowing_problems, "hedge_strategy/x.py", "try: g()\nexcept BaseException:\n    undo()\n    raise"),
    (swallowing_problems, "hedge_strategy/x.py", "try: g()\nexcept OSError: pass"),
    (float_problems, "hedge_strategy/x.py", "float(seconds)\nfloat(prize)\nresized: float = 1.0"),
    (patching_problems, "tests/x.py", "def test(monkeypatch):\n    monkeypatch.setenv('A', 'b')"),
    (sleeping_problems, "tests/x.py", "import time\ntime.monotonic()"),
]


@pytest.mark.parametrize(("rule", "path", "text"), RIGHT)
def test_what_is_allowed_is_let_through(rule: object, path: str, text: str) -> None:
    assert callable(rule)
    assert rule(text, path) == []
