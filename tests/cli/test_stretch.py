import pytest

from hedge_strategy.cli.stretch import moment_text, since_ms
from hedge_strategy.errors import UserError

NOW_MS = 1_760_000_000_123


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, 0),
        ("90m", NOW_MS - 5_400_000),
        ("24h", NOW_MS - 86_400_000),
        ("7d", NOW_MS - 604_800_000),
        ("2025-10-09", 1_759_968_000_000),
        ("2025-10-09T08:30", 1_759_998_600_000),
        ("2025-10-09T08:30+08:00", 1_759_969_800_000),
        ("999999d", 0),
        ("1960-01-01", 0),
    ],
)
def test_a_beginning(text: str | None, expected: int) -> None:
    assert since_ms(text, NOW_MS) == expected


@pytest.mark.parametrize("text", ["", "h", "-1h", "1y", "yesterday", "2025-13-01", "1.5h"])
def test_what_is_no_beginning(text: str) -> None:
    with pytest.raises(UserError, match="expected such as 24h"):
        since_ms(text, NOW_MS)


def test_a_moment_reads_back() -> None:
    assert moment_text(NOW_MS) == "2025-10-09 08:53:20.123"
    assert since_ms(moment_text(1_759_998_600_000), NOW_MS) == 1_759_998_600_000
