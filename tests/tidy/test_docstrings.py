"""A module opens with what it promises; a public class or function says what it is for."""

import ast

import pytest

from tests.tidy.source_files import package_files, problems_of, require_none, syntax_of


def docstring_problems(text: str, path: str) -> list[str]:
    """A module, and its public classes and functions, that say nothing about themselves."""
    module = syntax_of(text)
    problems = []
    if not (ast.get_docstring(module) or "").strip():
        problems.append(f"{path}: no docstring; open with what the module promises, its invariants and known limits")
    for node in module.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not (ast.get_docstring(node) or "").strip():
            problems.append(
                f"{path}:{node.lineno}: {node.name} has no docstring; say what it is for, with types, units and errors"
            )
    return problems


def test_modules_and_what_they_offer_say_what_they_are_for() -> None:
    require_none(problems_of(docstring_problems, package_files()))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no docstring; open with"),
        ('"""  """', "no docstring; open with"),
        ('"""Module."""\ndef f(): ...', "f has no docstring"),
        ('"""Module."""\nasync def f(): ...', "f has no docstring"),
        ('"""Module."""\nclass A:\n    x = 1', "A has no docstring"),
    ],
)
def test_a_missing_docstring_is_found(text: str, words: str) -> None:
    (problem,) = docstring_problems(text, "hedge_strategy/x.py")
    assert words in problem


def test_private_parts_may_go_without() -> None:
    assert docstring_problems('"""Module."""\ndef _f(): ...\nclass _A: ...', "hedge_strategy/x.py") == []
