"""Texts that a reader gets: no path of somebody's machine, a changelog, every command in the README."""

import re

import pytest

from tests.tidy.source_files import PACKAGE, ROOT, problems_of, project_files, read, require_none

# Put together, so that this file does not hold what it looks for.
_PRIVATE_FOLDERS = "|".join(["work", "tmp", "root", "home", "Users", "private/var"])
MACHINE_PATH = re.compile(rf"(?<![\w.~/$}}-])/(?:{_PRIVATE_FOLDERS})/[\w.]+")

MERGE_MARKS = ("<" * 7 + " ", ">" * 7 + " ")


def machine_path_problems(text: str, path: str) -> list[str]:
    """Absolute paths that exist on one machine only."""
    return [
        f"{path}:{number}: {match.group()}; use a path relative to the project, a setting, or in a test tmp_path"
        for number, line in enumerate(text.splitlines(), start=1)
        for match in MACHINE_PATH.finditer(line)
    ]


def merge_problems(text: str, path: str) -> list[str]:
    """Both sides of a conflict, where a merge was kept before it was whole."""
    return [
        f"{path}:{number}: a merge was not brought to its end; choose, and take the marks out"
        for number, line in enumerate(text.splitlines(), start=1)
        if line.startswith(MERGE_MARKS)
    ]


def changelog_problems(text: str, path: str) -> list[str]:
    """A changelog without a place for what is not released yet, or with nothing in it."""
    _, found, rest = text.partition("## Unreleased")
    if not found:
        return [f"{path}: no section `## Unreleased`; put one on top"]
    entries = rest.partition("\n## ")[0]
    return [] if "- " in entries else [f"{path}: the section Unreleased is empty; say what a user gets"]


def readme_problems(text: str, commands: list[str]) -> list[str]:
    """Commands that the README does not mention as `hedge <command>`."""
    return [
        f"README.md: hedge {command} is not mentioned; say in a line what it is for"
        for command in commands
        if not re.search(rf"\bhedge {re.escape(command)}\b(?!-)", text)
    ]


def test_no_file_names_a_path_of_one_machine() -> None:
    require_none(problems_of(machine_path_problems, list(project_files())))


def test_every_merge_was_brought_to_its_end() -> None:
    require_none(problems_of(merge_problems, list(project_files())))


@pytest.mark.parametrize("sign", ["<", ">"])
def test_a_merge_that_was_not_is_found(sign: str) -> None:
    (problem,) = merge_problems(f"one\n{sign * 7} main\ntwo", "x.js")
    assert "x.js:2" in problem
    assert merge_problems(f"{sign * 6} a\n x {sign * 7} b\n=======\n", "x.md") == []


def test_the_changelog_says_what_is_new() -> None:
    require_none(problems_of(changelog_problems, ["CHANGELOG.md"]))


def test_the_readme_mentions_every_command() -> None:
    from hedge_strategy.cli.app import COMMANDS

    require_none(readme_problems(read("README.md") or "", sorted(COMMANDS)))


def test_the_project_was_found() -> None:
    files = set(project_files())
    assert {"pyproject.toml", "Makefile", ".ci/run", f"{PACKAGE}/clock.py", "tests/tidy/test_texts.py"} <= files
    assert not any(part in path for path in files for part in (".venv", "__pycache__", ".git/"))
    assert (ROOT / "pyproject.toml").exists()


@pytest.mark.parametrize("folder", ["work", "tmp", "root", "home", "Users"])
def test_a_path_of_one_machine_is_found(folder: str) -> None:
    (problem,) = machine_path_problems(f"see /{folder}/somebody/notes.txt", "docs/x.md")
    assert "docs/x.md:1" in problem
    assert len(machine_path_problems(f'open("/{folder}/x")', "x.py")) == 1


@pytest.mark.parametrize("text", ["https://example.org/home/page", "src/work/x.py", "~/work/x", "./tmp/x", "/dev/null"])
def test_other_paths_are_let_through(text: str) -> None:
    assert machine_path_problems(text, "docs/x.md") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# Changelog\n\n## 1.0.0\n- a", "no section"),
        ("# Changelog\n\n## Unreleased\n\n## 1.0.0\n- a", "is empty"),
    ],
)
def test_a_changelog_that_says_nothing_new_is_found(text: str, words: str) -> None:
    (problem,) = changelog_problems(text, "CHANGELOG.md")
    assert words in problem


def test_a_command_that_is_not_mentioned_is_found() -> None:
    assert readme_problems("`hedge maker --help`, hedge check-config", ["maker", "check-config"]) == []
    (problem,) = readme_problems("`hedge check-config`, the hedge maker", ["check-config", "check"])
    assert "hedge check is not" in problem
