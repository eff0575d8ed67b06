"""Many questions in one round trip: what a hundred markets ask of Redis costs little more than what one does.

Each question gets an answer or an error of its own. Nothing is atomic, nothing is repeated. In a cluster the questions
are first parted by the server that has their key, so that one server that is away keeps no answer of the others back.
"""

from collections.abc import Sequence
from typing import Any

import redis
from redis.exceptions import RedisClusterException

from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.questions import Answer, Question
from hedge_strategy.coordination.slots import REDIRECTED, is_cluster, learn_anew, pool_of
from hedge_strategy.errors import CommandRefused, RedisUnavailable

QUESTIONS_PER_TRIP = 64
"""In one go; between two of them others get at the interpreter."""


class RoundTrips:
    """Asks many questions at a time. Safe to share between threads.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def by_server(self, questions: Sequence[Question]) -> dict[int, list[int]]:
        """Which questions go to one server: their places, by a number of the server; all that nobody knows a server for
        are among themselves."""
        if not is_cluster(self._client):
            return {0: list(range(len(questions)))} if questions else {}
        parts: dict[int, list[int]] = {}
        for place, question in enumerate(questions):
            try:
                server = id(pool_of(self._client, question.key))
            except (redis.RedisError, RedisClusterException):
                server = 0
            parts.setdefault(server, []).append(place)
        return parts

    def ask_all(self, questions: Sequence[Question]) -> list[Answer]:
        """Asks each server, one after the other. Returns: the answers, or errors in their places."""
        answers: dict[int, Answer] = {}
        for places in self.by_server(questions).values():
            answers.update(zip(places, self.ask([questions[place] for place in places]), strict=True))
        return [answers[place] for place in range(len(questions))]

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """Asks one server.

        Args:
            questions: of one part of `by_server`.

        Returns:
            The answers, or errors in their places.
        """
        answers: list[Answer] = []
        for first in range(0, len(questions), QUESTIONS_PER_TRIP):
            trip = questions[first : first + QUESTIONS_PER_TRIP]
            try:
                with redis_errors():
                    found = _ask(self._client, trip)
            except (RedisUnavailable, CommandRefused) as error:
                # Who is not there now is not asked again and again.
                return answers + [error] * (len(questions) - first)
            answers += [_ours(one) if isinstance(one, Exception) else one for one in found]
            if any(isinstance(one, REDIRECTED) for one in found):
                learn_anew(self._client)
        return answers


def _ask(client: redis.Redis, trip: Sequence[Question]) -> list[Any]:
    pool = pool_of(client, trip[0].key)
    connection = pool.get_connection()
    try:
        connection.send_packed_command(connection.pack_commands([question.command for question in trip]))
        answers: list[Any] = []
        for _ in trip:
            try:
                answers.append(connection.read_response())
            except redis.ResponseError as error:
                answers.append(error)
        return answers
    except BaseException as error:
        connection.disconnect()  # its answers may still come
        if isinstance(error, redis.ConnectionError | redis.TimeoutError):
            learn_anew(client)
        raise
    finally:
        pool.release(connection)


def _ours(error: Exception) -> RedisUnavailable | CommandRefused:
    try:
        with redis_errors():
            raise error
    except (RedisUnavailable, CommandRefused) as ours:
        return ours
