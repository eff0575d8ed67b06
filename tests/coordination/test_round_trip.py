"""Many questions, one round trip: each has its own answer or error, and nobody gets another's."""

from pathlib import Path

import redis

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.questions import Question
from hedge_strategy.coordination.round_trip import QUESTIONS_PER_TRIP, RoundTrips
from hedge_strategy.errors import CommandRefused, RedisUnavailable
from tests.cluster import redis_cluster
from tests.redis_server import running_redis


def test_each_question_has_its_own_answer_and_a_refused_one_spoils_no_other(real: redis.Redis) -> None:
    real.set("text", "here")
    real.hset("hash", "one", "1")
    questions = [
        Question("text", ("GET", "text")),
        Question("text", ("HGET", "text", "one")),
        Question("hash", ("HMGET", "hash", "one", "two")),
    ]
    text, refused, fields = RoundTrips(real).ask(questions)
    assert (text, fields) == (b"here", [b"1", None])
    assert isinstance(refused, CommandRefused)
    assert RoundTrips(real).ask(questions)[0] == b"here", "the connection is none the worse for it"


def test_more_than_fit_into_one_trip_are_answered_in_their_order(real: redis.Redis) -> None:
    questions = [Question("any", ("ECHO", str(number))) for number in range(2 * QUESTIONS_PER_TRIP + 3)]
    assert RoundTrips(real).ask(questions) == [str(number).encode() for number in range(len(questions))]
    assert RoundTrips(real).by_server(questions) == {0: list(range(len(questions)))}
    assert RoundTrips(real).by_server([]) == {}


def test_where_redis_does_not_answer_each_says_so_and_later_answers_are_not_mixed_up(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        assert RoundTrips(client).ask([Question("a", ("ECHO", "1"))]) == [b"1"]
        server.kill()
        answers = RoundTrips(client).ask([Question("a", ("ECHO", "2")), Question("a", ("ECHO", "3"))])
        assert [type(one) for one in answers] == [RedisUnavailable, RedisUnavailable]
        server.start()
        assert RoundTrips(client).ask([Question("a", ("ECHO", "4"))]) == [b"4"]


def test_in_a_cluster_each_server_is_asked_for_what_it_has(tmp_path: Path) -> None:
    with redis_cluster(tmp_path) as cluster, connect(cluster.settings) as client:
        keys = [f"{{M{number}}}:key" for number in range(30)]
        for key in keys:
            client.set(key, key)
        questions = [Question(key, ("GET", key)) for key in keys]
        parts = RoundTrips(client).by_server(questions)
        assert len(parts) == 3
        for places in parts.values():
            assert RoundTrips(client).ask([questions[place] for place in places]) == [
                keys[place].encode() for place in places
            ]
        assert RoundTrips(client).ask_all(questions) == [key.encode() for key in keys], "in the order of the questions"
