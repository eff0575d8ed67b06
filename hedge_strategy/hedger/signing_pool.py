"""Threads that sign ahead, so that nobody who hedges waits for it. The native signer works without the interpreter's
lock, on several threads at once.

Every job that is put in is answered once: with its bytes, or with why there are none.
"""

import queue
from collections.abc import Callable

from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.errors import SigningFailed
from hedge_strategy.hedger.signing_events import SignAhead, SignedAhead, SigningAheadFailed
from hedge_strategy.risk.gate import Approved

JOBS_MAX = 16
"""Jobs in line. The machine asks for as many as there are threads; more wait only where it has dropped some."""


class SigningPool:
    """One market's threads that sign; each runs `run`.

    Args:
        sign: the venue's; called on any of the threads, several at a time.
        tell: takes the answers; called on the threads.
        threads: how many will call `run`.
    """

    def __init__(
        self,
        sign: Callable[[Approved, int], SignedTransaction],
        tell: Callable[[SignedAhead | SigningAheadFailed], None],
        threads: int,
    ) -> None:
        self._sign = sign
        self._tell = tell
        self._threads = threads
        self._jobs: queue.SimpleQueue[SignAhead | None] = queue.SimpleQueue()

    def put(self, job: SignAhead) -> SigningAheadFailed | None:
        """Puts a job in line. Returns: None; or its answer, where too many wait already."""
        if self._jobs.qsize() >= JOBS_MAX:
            return SigningAheadFailed(job, f"{JOBS_MAX} wait already")
        self._jobs.put(job)
        return None

    def end(self) -> None:
        """Lets every `run` end, after what is in line."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def run(self) -> None:
        """A thread's loop."""
        while (job := self._jobs.get()) is not None:
            try:
                transaction = self._sign(job.order, job.job.nonce)
            except SigningFailed as error:
                self._tell(SigningAheadFailed(job, str(error)))
            else:
                self._tell(SignedAhead(job, transaction))
