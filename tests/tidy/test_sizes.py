"""Small: modules, functions, constructors; and no module whose name says nothing."""

import ast

import pytest

from tests.tidy.source_files import files_of_tests, package_files, problems_of, require_none, syntax_of

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_CONSTRUCTOR_ARGUMENTS = 7
EMPTY_NAMES = {"util", "utils", "utilities", "helper", "helpers", "common", "manager", "managers", "base", "misc"}


def size_problems(text: str, path: str) -> list[str]:
    """A module, functions or constructors that are too large."""
    problems = []
    if (lines := len(text.splitlines())) > MAX_MODULE_LINES:
        problems.append(f"{path}: {lines} lines, {MAX_MODULE_LINES} at most; split it by what its parts promise")
    for node in ast.walk(syntax_of(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > MAX_FUNCTION_LINES:
            problems.append(
                f"{path}:{node.lineno}: {node.name} has {lines} lines, {MAX_FUNCTION_LINES} at most; name its steps"
            )
        arguments = len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs) - 1
        if node.name == "__init__" and arguments > MAX_CONSTRUCTOR_ARGUMENTS:
            problems.append(
                f"{path}:{node.lineno}: a constructor of {arguments} arguments, {MAX_CONSTRUCTOR_ARGUMENTS} at most; "
                "hand in a settings object"
            )
    return problems


def name_problems(_text: str, path: str) -> list[str]:
    """A file or folder whose name says nothing."""
    names = path.removesuffix(".py").split("/")
    empty = [name for name in names if EMPTY_NAMES & {name, name.rpartition("_")[2]} or name.startswith("base_")]
    return [f"{path}: {name} says nothing; name it after what it does" for name in empty]


def test_modules_functions_and_constructors_are_small() -> None:
    require_none(problems_of(size_problems, package_files() + files_of_tests()))


def test_names_say_something() -> None:
    require_none(problems_of(name_problems, package_files() + files_of_tests()))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\n" * 401, "401 lines, 400 at most"),
        ("def f():\n" + "    x = 1\n" * 60, "f has 61 lines"),
        ("class A:\n    async def g(self):\n" + "        x = 1\n" * 60, "g has 61 lines"),
        ("class A:\n    def __init__(self, a, b, c, d, e, *, f, g, h): ...", "8 arguments, 7 at most"),
    ],
)
def test_what_is_too_large_is_found(text: str, words: str) -> None:
    (problem,) = size_problems(text, "hedge_strategy/x.py")
    assert words in problem


def test_what_is_just_small_enough_is_let_through() -> None:
    assert size_problems("x = 1\n" * 400, "x.py") == []
    assert size_problems("def f():\n" + "    x = 1\n" * 59, "x.py") == []
    assert size_problems("class A:\n    def __init__(self, a, b, c, d, *, e, f, g): ...", "x.py") == []


@pytest.mark.parametrize("path", ["x/utils.py", "helpers/x.py", "x/order_manager.py", "base.py", "x/base_venue.py"])
def test_a_name_that_says_nothing_is_found(path: str) -> None:
    assert len(name_problems("", path)) == 1


def test_a_name_that_says_something_is_let_through() -> None:
    assert name_problems("", "hedge_strategy/simulator/database_rows.py") == []
