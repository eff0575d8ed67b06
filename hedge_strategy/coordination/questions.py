"""A question to Redis as a value, so that many can be asked in one round trip (`round_trip`). Pure."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """One command.

    Attributes:
        key: that it is about.
        command: name and arguments.
    """

    key: str
    command: tuple[str | int | bytes, ...]


Answer = Any
"""What the server says, as bytes and numbers; or `RedisUnavailable`, or `CommandRefused`, in place of it."""
