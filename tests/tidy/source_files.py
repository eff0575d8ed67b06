"""The project's own files as texts, and what an import statement means. Shared by the house rules of this folder.

A rule is a function from a file's text and path to its problems, one line each: where, what, and what to do instead.
"""

import ast
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "hedge_strategy"
_DOT_FOLDERS_OF_OURS = {".ci", ".github"}
_BUILD_FOLDERS = {"__pycache__", "build", "dist"}

Rule = Callable[[str, str], list[str]]


def project_files() -> Iterator[str]:
    """Every file of the project, relative to its root; virtual environments, caches and build output left out."""
    for folder_name, folders, names in os.walk(ROOT):
        folder = Path(folder_name)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _BUILD_FOLDERS
            and (not name.startswith(".") or name in _DOT_FOLDERS_OF_OURS)
            and not (folder / name / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            if (folder / name).is_file():
                yield (folder / name).relative_to(ROOT).as_posix()


def read(path: str) -> str | None:
    """The file's text, or None where it is no text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def package_files() -> list[str]:
    """The product's Python files: the package and the two entry points."""
    return [
        path
        for path in project_files()
        if path.endswith(".py") and (path.startswith(f"{PACKAGE}/") or path in ("main_A.py", "main_B.py"))
    ]


def files_of_tests() -> list[str]:
    """The tests' Python files."""
    return [path for path in project_files() if path.endswith(".py") and path.startswith("tests/")]


def problems_of(rule: Rule, paths: list[str]) -> list[str]:
    """All problems that a rule finds in these files."""
    return [problem for path in paths for problem in rule(read(path) or "", path)]


def require_none(problems: list[str]) -> None:
    """Fails the test with one line a problem, and nothing else to read through."""
    if problems:
        pytest.fail("\n".join([f"{len(problems)} against the house rules:", *problems]), pytrace=False)


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name.

    Attributes:
        name: dotted, in full: `from a.b import c` gives `a.b.c`.
        bound_as: what the file calls it.
        means: what that name stands for: `a` after `import a.b`, otherwise the same as `name`.
        line: where.
        for_types_only: whether it stands under `if TYPE_CHECKING:` and so never runs.
    """

    name: str
    bound_as: str
    means: str
    line: int
    for_types_only: bool


@cache
def syntax_of(text: str) -> ast.Module:
    """The file's syntax; the same object for the same text, so that nodes may be told apart by identity."""
    return ast.parse(text)


def module_name(path: str) -> str:
    """`hedge_strategy/a/b.py` → `hedge_strategy.a.b`; a folder's `__init__` carries the folder's name."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports_of(text: str, path: str) -> list[Import]:
    """Every import of a file, wherever in it, relative ones spelled out."""
    tree = syntax_of(text)
    typed = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound_as = alias.asname or alias.name.partition(".")[0]
                means = alias.name if alias.asname else bound_as
                found.append(Import(alias.name, bound_as, means, node.lineno, id(node) in typed))
        elif isinstance(node, ast.ImportFrom):
            start = _absolute(node, path)
            for alias in node.names:
                name = f"{start}.{alias.name}"
                found.append(Import(name, alias.asname or alias.name, name, node.lineno, id(node) in typed))
    return found


def _absolute(node: ast.ImportFrom, path: str) -> str:
    if not node.level:
        return node.module or ""
    folder = Path(path).parent
    for _ in range(node.level - 1):
        folder = folder.parent
    return ".".join([*folder.parts, *filter(None, [node.module])])


def used_names(text: str, path: str) -> Iterator[tuple[str, ast.expr]]:
    """Every name that a file uses, spelled out: `t.sleep` after `import time as t` is `time.sleep`.

    Yields:
        The dotted name and its expression; of `a.b.c` only the whole.
    """
    tree = syntax_of(text)
    meaning = {found.bound_as: found.means for found in imports_of(text, path)}
    parts_of_longer = set[int]()
    for node in ast.walk(tree):  # outer expressions come before their parts
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in parts_of_longer:
            names, rest = list[str](), node
            while isinstance(rest, ast.Attribute):
                names.append(rest.attr)
                rest = rest.value  # type: ignore[assignment]
                parts_of_longer.add(id(rest))
            if isinstance(rest, ast.Name):
                names.append(meaning.get(rest.id, rest.id))
                yield ".".join(reversed(names)), node
