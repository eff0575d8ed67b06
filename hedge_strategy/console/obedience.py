"""Who has to obey a command of the user, and who has: read from the status board and the acknowledgements.

A process has to obey where it is alive, which is what the status board says, and where the command is for its market.
It has obeyed once it says that it is done. Whoever is gone from the board meanwhile is no longer waited for.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hedge_strategy.coordination.commands import ALL_MARKETS, Acknowledgement
from hedge_strategy.coordination.status_board import ProcessStatus

OBEYING = ("maker", "hedger")
"""Who else stands on the board, such as the alerter, has nothing to obey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obedience:
    """What one process made of a command.

    Attributes:
        who: its name.
        role: maker or hedger.
        market: the maker's symbol.
        is_done: whether it has done what was asked.
        outcome: in words.
    """

    who: str
    role: str
    market: str
    is_done: bool
    outcome: str


def obedience(
    processes: Iterable[ProcessStatus], said: Iterable[Acknowledgement], market: str
) -> tuple[Obedience, ...]:
    """Holds the acknowledgements against who is alive.

    Args:
        processes: the status board.
        said: the acknowledgements of the command.
        market: which it is for, `*` for all.

    Returns:
        One line for each process that lives or has answered, by market and role.
    """
    found = {
        one.who: Obedience(who=one.who, role=one.role, market=one.market, is_done=one.is_done, outcome=one.outcome)
        for one in said
    }
    for process in processes:
        role, own_market = str(process.state.get("role", "")), str(process.state.get("market", ""))
        if role not in OBEYING:
            continue
        if market in (ALL_MARKETS, own_market) and process.who not in found:
            found[process.who] = Obedience(
                who=process.who, role=role, market=own_market, is_done=False, outcome="has not answered"
            )
    return tuple(sorted(found.values(), key=lambda one: (one.market, one.role, one.who)))


def is_obeyed(lines: Iterable[Obedience]) -> bool:
    """Whether nothing is left to wait for."""
    return all(line.is_done for line in lines)


def missing(processes: Iterable[ProcessStatus], markets: Iterable[str]) -> tuple[str, ...]:
    """Who is not there to obey, in words such as `maker of BTC`: what it holds and rests stays as it is."""
    alive = {(one.state.get("role"), str(one.state.get("market", ""))) for one in processes}
    return tuple(f"{role} of {market}" for market in markets for role in OBEYING if (role, market) not in alive)
