"""The bookkeeping that no step may break: sizes per market sum to zero, and money is neither made nor lost.

Sum over accounts of (collateral + isolated margin - signed entry cost) + fee pot = deposits. As sizes sum to zero,
unrealized PnL at any common mark sums to minus the signed entry costs, so this is the same as "all equity = deposits".
Each step is checked through the accounts it touched; `audit` recomputes everything.
"""

from collections.abc import Iterable

from hedge_strategy.simulator.accounts import AccountState
from hedge_strategy.simulator.model import InvariantViolation


class Ledger:
    """`fee_pot` collects trading fees and the roundings of funding."""

    def __init__(self, market_indexes: Iterable[int]) -> None:
        self.deposits = 0
        self.fee_pot = 0
        self._held = 0
        self._sizes: dict[int, int] = dict.fromkeys(market_indexes, 0)

    def settle(self, accounts: Iterable[AccountState]) -> None:
        """Takes in what the accounts now hold and checks the sums. Raises InvariantViolation."""
        for account in accounts:
            value = account.collateral
            for index, position in account.positions.items():
                size = position.size
                if size != position.booked_size:
                    self._sizes[index] += size - position.booked_size
                    position.booked_size = size
                value += position.allocated - (position.entry_quote if size > 0 else -position.entry_quote)
            self._held += value - account.booked_value
            account.booked_value = value
        if self._held + self.fee_pot != self.deposits:
            raise InvariantViolation(f"accounts hold {self._held} and fees {self.fee_pot}, deposited {self.deposits}")
        if any(self._sizes.values()):
            raise InvariantViolation(f"sizes do not sum to zero: {self._sizes}")

    def audit(self, accounts: Iterable[AccountState]) -> None:
        """The same from nothing but the accounts. Raises InvariantViolation."""
        sizes = dict.fromkeys(self._sizes, 0)
        held = 0
        for account in accounts:
            held += account.value()
            for index, position in account.positions.items():
                sizes[index] += position.size
                if position.entry_quote < 0 or (position.size == 0 and position.entry_quote != 0):
                    raise InvariantViolation(f"account {account.index} has entry cost {position.entry_quote}")
        if held + self.fee_pot != self.deposits:
            raise InvariantViolation(f"accounts hold {held} and fees {self.fee_pot}, deposited {self.deposits}")
        if any(sizes.values()):
            raise InvariantViolation(f"sizes do not sum to zero: {sizes}")
