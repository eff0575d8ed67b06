"""How a stretch of time is named on the command line: `24h`, `7d`, `90m`, a day or a moment (UTC unless it says)."""

import re
from datetime import UTC, datetime

from hedge_strategy.errors import UserError

SINCE_HELP = "Beginning: 90m, 24h or 7d before now, or a day or moment such as 2026-11-20 or 2026-11-20T08:30 (UTC)."
_BEFORE_NOW = re.compile(r"([0-9]{1,6})([mhd])")
_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def since_ms(text: str | None, now_ms: int) -> int:
    """The beginning as unix ms; 0 where none is named.

    Raises:
        UserError: it is no stretch of time.
    """
    if text is None:
        return 0
    if match := _BEFORE_NOW.fullmatch(text.strip()):
        return max(0, now_ms - int(match[1]) * _UNIT_MS[match[2]])
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UserError(f"--since {text}: expected such as 24h, 7d, 2026-11-20 or 2026-11-20T08:30") from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0, int((moment - datetime.fromtimestamp(0, UTC)).total_seconds()) * 1000)


def moment_text(at_ms: int) -> str:
    """A moment as people read it, UTC."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S") + f".{at_ms % 1000:03d}"
