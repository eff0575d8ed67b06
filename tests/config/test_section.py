"""A section takes no key that it does not know."""

import msgspec
import pytest

from hedge_strategy.config.section import PositiveInt, Section


class Example(Section, frozen=True, kw_only=True):
    """For these tests."""

    count: PositiveInt = 1


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `cuont`"):
        msgspec.convert({"cuont": 2}, Example)


def test_what_must_be_positive_is() -> None:
    with pytest.raises(msgspec.ValidationError, match=">= 1"):
        msgspec.convert({"count": 0}, Example)
