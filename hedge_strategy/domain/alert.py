"""What an alert is: about what, how much it matters, whether it has begun or is over."""

from enum import StrEnum


class AlertType(StrEnum):
    """What an alert is about."""

    SYSTEM = "system"
    TRADING = "trading"
    RISK = "risk"
    MARKET = "market"


class Severity(StrEnum):
    """How much it matters, the least first."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Grows with how much it matters."""
        return list(Severity).index(self)


class AlertState(StrEnum):
    """Whether it has begun or is over."""

    FIRING = "firing"
    RESOLVED = "resolved"
