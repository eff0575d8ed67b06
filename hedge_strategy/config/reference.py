"""Every setting with its kind, its default and its meaning, read from the schema itself: the text cannot go stale.

The meanings are the `Attributes` of the sections' docstrings.
"""

import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from hedge_strategy.config.schema import FileConfig
from hedge_strategy.config.secret import Secret
from hedge_strategy.config.section import Section

_ATTRIBUTE = re.compile(r" {8}(?P<name>\w+): (?P<text>.+)")
_WORDS: dict[object, str] = {
    bool: "true or false",
    int: "whole number",
    str: "text",
    Decimal: "number",
    Secret: "text, secret",
}

_HEAD = (
    "# Settings",
    "",
    "Written by `make docs` from the schema; do not edit by hand. An unknown key, a wrong type or a missing file is",
    "one line with the path to the key. Where a setting names an environment variable (`…_env`), `<variable>_FILE` may",
    "instead hold the path of a file with the value.",
    "",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        path: as it is written in the file, such as `strategy.lease_ms`; `[]` stands for each entry of a list.
        kind: what is expected, in words.
        default: as it would be written; empty where there is none and it may not be left out.
        meaning: what it does.
    """

    path: str
    kind: str
    default: str
    meaning: str


def settings() -> tuple[Setting, ...]:
    """All of them, in the order of the schema; a section that stands there twice is told once."""
    return tuple(_of_section(FileConfig, "", {}))


def as_markdown() -> str:
    """All of them as a page with one table."""
    rows = [*_HEAD, "| setting | what is expected | default | meaning |", "|---|---|---|---|"]
    for one in settings():
        default = f"`{one.default}`" if one.default not in ("", "left out") else one.default or "must be given"
        meaning = one.meaning.replace("|", "\\|")
        rows.append(f"| `{one.path}` | {one.kind} | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def _of_section(section: type[Section], path: str, told: dict[type[Section], str]) -> Iterator[Setting]:
    if section in told:
        yield Setting(path, "mapping", "", f"as `{told[section]}`")
        return
    told[section] = path
    meanings = _meanings(section)
    for field in msgspec.structs.fields(section):
        here = f"{path}.{field.name}" if path else field.name
        inner, is_list = _section_of(field.type)
        default = _default_of(field)
        if inner is None or default == "null" or is_list:
            yield Setting(here, _kind_of(field.type), default, meanings[field.name])
        if inner is not None:
            yield from _of_section(inner, f"{here}[]" if is_list else here, told)


def _meanings(section: type[Section]) -> dict[str, str]:
    """The attributes of a section's docstring; its own sections' names need none."""
    found: dict[str, str] = {}
    name = ""
    for line in (section.__doc__ or "").splitlines():
        if match := _ATTRIBUTE.fullmatch(line):
            name = match["name"]
            found[name] = match["text"]
        elif name and line.startswith(" " * 12):
            found[name] += f" {line.strip()}"
    for field in msgspec.structs.fields(section):
        if field.name not in found and _section_of(field.type)[0] is None:
            raise LookupError(f"{section.__name__}.{field.name} has no meaning in its docstring")
    return {field.name: found.get(field.name, "") for field in msgspec.structs.fields(section)}


def _section_of(kind: Any) -> tuple[type[Section] | None, bool]:
    """The section that a setting is or holds, and whether it holds a list of them."""
    for inner, is_list in _parts(kind):
        if isinstance(inner, type) and issubclass(inner, Section):
            return inner, is_list
    return None, False


def _parts(kind: Any, *, is_list: bool = False) -> Iterator[tuple[Any, bool]]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _parts(get_args(kind)[0], is_list=is_list)
    elif origin in (Union, types.UnionType):
        for inner in get_args(kind):
            yield from _parts(inner, is_list=is_list)
    elif origin in (list, tuple):
        yield from _parts(get_args(kind)[0], is_list=True)
    else:
        yield kind, is_list


def _kind_of(kind: Any) -> str:
    words: list[str] = []
    for inner, is_list in _parts(kind):
        if inner in (type(None), msgspec.UnsetType):
            continue
        if isinstance(inner, type) and issubclass(inner, Section):
            word = "mapping, see below"
        else:
            word = _WORDS[inner]
        words.append(f"list of {word}" if is_list else word)
    if type(None) in [inner for inner, _ in _parts(kind)]:
        words.append("`null`")
    return ", or ".join(dict.fromkeys(words))


def _default_of(field: msgspec.structs.FieldInfo) -> str:
    default = field.default
    if default is msgspec.NODEFAULT:
        return ""
    if default is None:
        return "null"
    if default is msgspec.UNSET:
        return "left out"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, Section):
        return ""
    return str(default) if default != "" else '""'


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
