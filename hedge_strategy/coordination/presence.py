"""What A and B tell each other of their own state, so that each can leave without harm to the other.

A says whether an order of its may be on the book; B says whether it hedges, is about to leave, or has been paused.
Both are told again and again and expire soon after they stop being told. They make stopping orderly and quoting
careful; no promise about a fill rests on them.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.questions import Question
from hedge_strategy.errors import WireError

MAY_REST = b"1"


class HedgerState(StrEnum):
    """What the owner of a market is doing."""

    HEDGING = "hedging"
    DRAINING = "draining"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class HedgerPresence:
    """What the owner says of itself.

    Attributes:
        state: what it is doing.
        reason: why, in words, empty while it hedges.
        maker_account_index: whose fills it hedges.
        who: the owner's name; what an owner of before has said is none of the next one's. Empty: not told.
    """

    state: HedgerState
    reason: str = ""
    maker_account_index: int = -1
    who: str = ""


class Presence:
    """Both sides' notices for one market, as questions to Redis.

    Args:
        market: the maker's symbol.
        life_ms: how long a notice holds without being told again.
    """

    def __init__(self, market: str, *, life_ms: int) -> None:
        self._keys = market_keys(market)
        self._life_ms = life_ms

    def telling_hedger(self, presence: HedgerPresence) -> Question:
        """What tells what the owner of the market is doing."""
        key = self._keys.hedger
        return Question(key, ("SET", key, msgspec.json.encode(presence), "PX", self._life_ms))

    def asking_maker(self) -> Question:
        """What asks whether A may have an order on the book; answered with `MAY_REST` where it may."""
        return Question(self._keys.maker, ("GET", self._keys.maker))

    def asking_hedger(self) -> Question:
        """What asks what the owner says of itself; `hedger_of_notice` reads the answer."""
        return Question(self._keys.hedger, ("GET", self._keys.hedger))

    def telling_maker(self, may_rest: bool) -> Question:
        """What tells whether an order of A's may be on the book."""
        key = self._keys.maker
        return Question(key, ("SET", key, MAY_REST if may_rest else b"0", "PX", self._life_ms))


def hedger_of_notice(held: object) -> HedgerPresence | None:
    """What the owner of a market says that it is doing, as Redis holds it; None where it has said nothing of late.

    Raises:
        WireError: what stands there is no such notice.
    """
    if not isinstance(held, bytes):
        return None
    try:
        return msgspec.json.decode(held, type=HedgerPresence)
    except (msgspec.MsgspecError, ValueError) as error:
        raise WireError("hedger_presence", str(error)) from error
