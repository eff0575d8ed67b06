"""The witness sees what must never be; lines are as a Redis 7 wrote them, shortened."""

from tests.fleet.witness import History


def lease(owner: str, fencing: int, at_s: float) -> str:
    return f'{at_s:.6f} [0 lua] "HSET" "hedge:{{BTC}}:lease" "owner" "{owner}" "fencing" "{fencing}" "lane" "4"'


def claim(token: str, fencing: int, at_s: float) -> str:
    return (
        f'{at_s:.6f} [0 lua] "HSET" "hedge:{{BTC}}:order:7:1:5" "0:state" "sent" "0:lots" "3" "0:token" "{token}"'
        f' "0:fencing" "{fencing}" "0:kind" "14"'
    )


def given_back(at_s: float) -> str:
    return f'{at_s:.6f} [0 lua] "DEL" "hedge:{{BTC}}:lease"'


def problems(*lines: str) -> list[str]:
    history = History(life_s=3)
    for line in ("OK", *lines):
        history.take_in(line)
    return history.problems


def test_one_owner_after_the_other_is_right() -> None:
    handed_over = (
        lease("b-1#1", 10, 0),
        claim("b-1#1:1", 10, 1),
        lease("b-1#1", 10, 1),
        given_back(2),
        lease("b-2#1", 11, 2),
    )
    assert problems(*handed_over, claim("b-2#1:1", 11, 3)) == []
    assert problems(lease("b-1#1", 10, 0), lease("b-2#1", 11, 3.1)) == [], "it was not renewed for its life"


def test_two_at_a_time_and_numbers_that_do_not_fit_are_not() -> None:
    assert "owns it while" in problems(lease("b-1#1", 10, 0), lease("b-2#1", 11, 2.5))[0]
    assert "after 10" in problems(lease("b-1#1", 10, 0), given_back(1), lease("b-2#1", 9, 2))[0]
    assert "is b-1#1's and b-2#1's" in problems(lease("b-1#1", 10, 0), lease("b-2#1", 10, 1))[0]
    assert (
        "claimed under 10"
        in problems(lease("b-1#1", 10, 0), given_back(1), lease("b-2#1", 11, 2), claim("b-1#1:1", 10, 3))[0]
    )
    assert "claimed under 10" in problems(lease("b-1#1", 10, 0), claim("b-2#1:1", 10, 1))[0]
