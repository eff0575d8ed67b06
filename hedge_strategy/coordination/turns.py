"""Where a shared thread serves one market: what goes wrong there ends that market, and nothing else."""

from collections.abc import Callable
from typing import TypeVar

_Found = TypeVar("_Found")


def in_turn(act: Callable[[], _Found], mistake: Callable[[Exception], object], otherwise: _Found) -> _Found:
    """Does one market's part of a shared thread's work.

    Args:
        act: the part.
        mistake: takes a mistake of the program, of which the market ends.
        otherwise: what is answered then.
    """
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - outermost frame of this market's turn; the others go on
        mistake(error)
        return otherwise
