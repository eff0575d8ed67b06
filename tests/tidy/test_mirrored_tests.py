"""Every source file has its tests at the mirrored path: `hedge_strategy/x/y.py` ↔ `tests/x/test_y.py`."""

import ast
from pathlib import PurePosixPath

import pytest

from tests.tidy.source_files import PACKAGE, files_of_tests, package_files, read, require_none, syntax_of

WITHOUT_TESTS = {"__init__.py", "__main__.py"}


def mirrored_path(path: str) -> str | None:
    """Where the tests of a source file belong; None where it needs none."""
    source = PurePosixPath(path)
    if source.parts[0] != PACKAGE or source.name in WITHOUT_TESTS:
        return None
    return str(PurePosixPath("tests", *source.parts[1:-1], f"test_{source.name}"))


def has_tests(text: str) -> bool:
    """Whether a file holds at least one function that pytest would run."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
        for node in ast.walk(syntax_of(text))
    )


def missing_tests(sources: list[str], tests: dict[str, str]) -> list[str]:
    """Source files without a mirrored test file, or with one that tests nothing.

    Args:
        sources: paths of the package.
        tests: paths of the tests with their texts.
    """
    problems = []
    for source in sources:
        mirrored = mirrored_path(source)
        if mirrored and mirrored not in tests:
            problems.append(f"{source}: has no tests; write {mirrored}")
        elif mirrored and not has_tests(tests[mirrored]):
            problems.append(f"{mirrored}: tests nothing; test what a user of {source} cares about")
    return problems


def test_every_source_file_has_tests_at_the_mirrored_path() -> None:
    tests = {path: read(path) or "" for path in files_of_tests()}
    problems = missing_tests(package_files(), tests)
    require_none(problems)


def test_every_folder_of_tests_is_a_package() -> None:
    paths = files_of_tests()
    missing = {str(PurePosixPath(path).parent / "__init__.py") for path in paths} - set(paths)
    assert not missing, f"add the empty files {sorted(missing)}: two test files of one name would clash without them"


def test_a_source_file_without_tests_is_found() -> None:
    (problem,) = missing_tests(["hedge_strategy/risk/gate.py"], {"tests/test_gate.py": "def test_x(): ..."})
    assert "write tests/risk/test_gate.py" in problem


def test_a_test_file_without_tests_is_found() -> None:
    (problem,) = missing_tests(["hedge_strategy/risk/gate.py"], {"tests/risk/test_gate.py": "import pytest"})
    assert "tests nothing" in problem


@pytest.mark.parametrize("path", ["hedge_strategy/risk/__init__.py", "hedge_strategy/__main__.py", "main_A.py"])
def test_files_that_only_name_others_need_none(path: str) -> None:
    assert missing_tests([path], {}) == []
