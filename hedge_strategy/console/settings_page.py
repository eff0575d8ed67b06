"""The settings as they hold, for people to read: every secret masked, whatever it is called. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from hedge_strategy.config.secret import Secret

MASK = "••••••••"
ROWS_MAX = 5_000


class SettingLine(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: its path in the settings, and its value as text."""

    path: str
    value: str


def lines_of(settings: msgspec.Struct) -> tuple[SettingLine, ...]:
    """Every setting, in order, at most `ROWS_MAX`."""
    found = []
    for path, value in _walk("", settings):
        found.append(SettingLine(path=path, value=value))
        if len(found) >= ROWS_MAX:
            break
    return tuple(found)


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case Secret():
            yield path, MASK
        case msgspec.Struct():
            for name in value.__struct_fields__:
                yield from _walk(f"{path}.{name}" if path else name, getattr(value, name))
        case Mapping():
            for name, inner in value.items():
                yield from _walk(f"{path}.{name}", inner)
        case str():
            yield path, value
        case Enum():
            yield path, str(value.value)
        case Sequence():
            if not value:
                yield path, "none"
            for number, inner in enumerate(value):
                yield from _walk(f"{path}[{number}]", inner)
        case None:
            yield path, "not set"
        case bool():
            yield path, "yes" if value else "no"
        case Decimal():
            yield path, f"{value:f}"
        case _:
            yield path, str(value)
