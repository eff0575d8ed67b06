"""The rounds ask for all at once, tell each its own answers, and go on where one meets a mistake."""

from collections.abc import Callable, Sequence
from pathlib import Path

import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.questions import Question
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.hedger.rounds import Asked, Rounds
from hedge_strategy.hedger.workers import Workers
from tests.cluster import redis_cluster
from tests.polling import wait_until
from tests.redis_server import running_redis


class Member:
    """Asks for one key in every round."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.answers: list[object] = []
        self.failures: list[str] = []
        self.mistakes: list[Exception] = []
        self.take: Callable[[object], None] = self.answers.append

    def wants(self, now_ms: int) -> Sequence[Asked]:
        return [Asked(Question(self.key, ("GET", self.key)), lambda answer: self.take(answer), self.failures.append)]

    def join(self, rounds: Rounds) -> None:
        rounds.join(self, self.wants, self.mistakes.append)


def fail(_: object) -> None:
    raise KeyError("planted")


def test_each_is_told_its_own_and_one_s_mistake_ends_its_part_alone(real: redis.Redis) -> None:
    real.mset({"one": b"1", "two": b"2"})
    rounds = Rounds(RoundTrips(real), SystemClock(), Workers("test", 2))
    one, two, bad, worse = Member("one"), Member("two"), Member("one"), Member("one")
    bad.take = fail
    worse.wants = fail  # type: ignore[assignment]
    for member in (one, two, bad, worse):
        member.join(rounds)
    wait_until(lambda: len(one.answers) > 2 and len(two.answers) > 2, "some rounds")
    assert (set(one.answers), set(two.answers)) == ({b"1"}, {b"2"})
    assert (len(bad.mistakes), len(worse.mistakes), one.mistakes) == (1, 1, [])
    rounds.leave(one)
    seen = len(one.answers), len(two.answers)
    wait_until(lambda: len(two.answers) > seen[1] + 2, "more rounds")
    assert len(one.answers) == seen[0], "nothing is told to who has left"
    for member in (two, bad, worse):
        rounds.leave(member)


def test_while_redis_is_away_each_is_told_so_and_then_its_answer(tmp_path: Path) -> None:
    with running_redis(tmp_path, keeps_data=True) as server, connect(server.settings) as client:
        client.set("one", b"1")
        rounds, one = Rounds(RoundTrips(client), SystemClock(), Workers("test", 2)), Member("one")
        one.join(rounds)
        wait_until(lambda: one.answers, "an answer")
        server.kill()
        wait_until(lambda: one.failures, "the word that there is none")
        server.start()
        seen = len(one.answers)
        wait_until(lambda: len(one.answers) > seen, "answers again")
        rounds.leave(one)


def test_a_server_of_a_cluster_that_stands_still_holds_up_none_of_the_others(tmp_path: Path) -> None:
    with redis_cluster(tmp_path) as cluster, connect(cluster.settings) as client:
        members = [Member(f"{{M{number}}}:key") for number in range(30)]
        rounds = Rounds(RoundTrips(client), SystemClock(), Workers("test", 4))
        for member in members:
            member.join(rounds)
        wait_until(lambda: all(member.answers for member in members), "an answer to each")
        cluster.kill_master()
        wait_until(lambda: any(member.failures for member in members), "a server to be missed")
        alive = [member for member in members if not member.failures]
        assert alive
        for member in alive:
            member.answers.clear()
        wait_until(lambda: all(len(member.answers) > 2 for member in alive), "the others' answers")
        for member in members:
            rounds.leave(member)
