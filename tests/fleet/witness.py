"""Who owned what, and who claimed under which number, told by Redis itself: all that its MONITOR shows.

    acquired, renewed and given back    writes and deletions of the leases
    claimed                             the rows of the ledger, with the number under which each hedge was claimed

Nothing that a hedger says of itself counts.
"""

import re
import threading
from dataclasses import dataclass, field

import redis

_LEASE = re.compile(
    r'"HSET" "hedge:\{(?P<market>[^}]+)\}:lease" "owner" "(?P<owner>[^"]+)" "fencing" "(?P<fencing>\d+)"'
)
_GIVEN_BACK = re.compile(r'"DEL" "hedge:\{(?P<market>[^}]+)\}:lease"')
_CLAIM = re.compile(
    r'"HSET" "hedge:\{(?P<market>[^}]+)\}:order:[^"]+".*'
    r' "[^"]*token" "(?P<token>[^"]+)" "[^"]*fencing" "(?P<fencing>\d+)"'
)
_TIME = re.compile(r"^(?P<at_s>\d+\.\d+) ")
END_WITHIN_S = 5


@dataclass
class Reign:
    """One owner of one market, from acquiring it until giving it back or not renewing it any more."""

    market: str
    owner: str
    fencing: int
    since_s: float
    until_s: float
    given_back_s: float | None = None
    claims: int = 0


@dataclass
class History:
    """What was seen, in Redis' own order.

    Attributes:
        reigns: by market, one after the other.
        problems: what must never be, in words.
    """

    life_s: float
    reigns: dict[str, list[Reign]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def take_in(self, line: str) -> None:
        """One line of MONITOR."""
        if (at := _TIME.match(line)) is None:
            return
        at_s = float(at["at_s"])
        if found := _LEASE.search(line):
            self._leased(found["market"], found["owner"], int(found["fencing"]), at_s)
        elif found := _GIVEN_BACK.search(line):
            self.reigns[found["market"]][-1].given_back_s = at_s
        elif found := _CLAIM.search(line):
            self._claimed(found["market"], found["token"], int(found["fencing"]), at_s)

    def owners(self) -> dict[str, str]:
        """Whose each market is now, by all that was seen; without those that were given back."""
        return {market: all_[-1].owner for market, all_ in self.reigns.items() if all_[-1].given_back_s is None}

    def _leased(self, market: str, owner: str, fencing: int, at_s: float) -> None:
        reigns = self.reigns.setdefault(market, [])
        last = reigns[-1] if reigns else None
        if last is not None and last.fencing == fencing:
            if last.owner != owner:
                self.problems.append(f"{market}: number {fencing} is {last.owner}'s and {owner}'s")
            last.until_s = at_s
            return
        if last is not None and fencing < last.fencing:
            self.problems.append(f"{market}: number {fencing} of {owner} after {last.fencing}")
        if last is not None and last.given_back_s is None and at_s - last.until_s < self.life_s:
            self.problems.append(f"{market}: {owner} owns it while {last.owner} does")
        reigns.append(Reign(market, owner, fencing, at_s, at_s))

    def _claimed(self, market: str, token: str, fencing: int, at_s: float) -> None:
        reigns = self.reigns.get(market)
        if not reigns or reigns[-1].fencing != fencing or not token.startswith(reigns[-1].owner):
            self.problems.append(f"{market}: {token} claimed under {fencing}, the owner is {reigns and reigns[-1]}")
            return
        reigns[-1].claims += 1


class Witness:
    """Watches one Redis from a thread of its own.

    Args:
        port: of the server.
        life_s: how long a lease lives without being renewed.
        is_watching: False: it never begins to.
    """

    def __init__(self, port: int, life_s: float, *, is_watching: bool = True) -> None:
        self.history = History(life_s)
        self._client = redis.Redis(host="127.0.0.1", port=port, protocol=2, decode_responses=True)
        self._connection = self._client.connection_pool.get_connection()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        if is_watching:
            self._connection.send_command("MONITOR")
            assert self._connection.read_response() == "OK"
            self._thread.start()

    def close(self) -> None:
        """Ends the watching; everything that Redis was asked before has been taken in."""
        self._client.echo("the end of what is watched")
        self._thread.join(END_WITHIN_S)
        self._connection.disconnect()

    def _watch(self) -> None:
        while True:
            try:
                line = self._connection.read_response()
            except redis.RedisError:
                return
            if "the end of what is watched" in line:
                return
            self.history.take_in(line)
