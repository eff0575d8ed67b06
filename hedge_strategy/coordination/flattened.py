"""How far the flattening of a market has come: part of what the hedgers of a market remember, on disk and in Redis.

It is begun before B's position is closed and done when both accounts hold nothing. Until then nothing may be hedged in
the market: what the ledger calls unhedged may be closed already. Pure.
"""

import msgspec


class Flattened(msgspec.Struct, frozen=True, kw_only=True):
    """The record.

    Attributes:
        command_id: the user's command that asked for it.
        is_done: both accounts hold nothing in the market, and everything before is done with.
        trade_id: A's trades up to this one are done with, 0 until then.
        hedge_trade_id: B's trades up to this one are done with, 0 until then.
    """

    command_id: str
    is_done: bool = False
    trade_id: int = 0
    hedge_trade_id: int = 0

    def is_newer_than(self, other: "Flattened | None") -> bool:
        """Whether this is of a later command, or the end of the same one."""
        if other is None:
            return True
        return (*_order(self.command_id), self.is_done) > (*_order(other.command_id), other.is_done)


def _order(command_id: str) -> tuple[int, int]:
    at_ms, _, number = command_id.partition("-")
    return int(at_ms), int(number or 0)
