"""Signing ahead, by threads that all markets of a process share, so that nobody who hedges waits for it. The native
signer works without the interpreter's lock, on several threads at once.

Every job that is put in is answered once: with its bytes, or with why there are none; or the market ends before.
"""

import threading
from collections.abc import Callable
from functools import partial

from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.errors import SigningFailed
from hedge_strategy.hedger.signing_events import SignAhead, SignedAhead, SigningAheadFailed
from hedge_strategy.risk.gate import Approved

JOBS_MAX = 16
"""Jobs of one market in line. The machine asks for as many as there are threads; more wait where it dropped some."""


class SigningPool:
    """One market's jobs. Safe to share between threads.

    Args:
        sign: the venue's; called on any of the threads, several at a time.
        tell: takes the answers; called on the threads.
        submit: has something done by one of the threads.
    """

    def __init__(
        self,
        sign: Callable[[Approved, int], SignedTransaction],
        tell: Callable[[SignedAhead | SigningAheadFailed], None],
        submit: Callable[[Callable[[], None]], None],
    ) -> None:
        self._sign = sign
        self._tell = tell
        self._submit = submit
        self._changed = threading.Condition()
        self._jobs = 0
        self._is_ended = False

    def put(self, job: SignAhead) -> SigningAheadFailed | None:
        """Puts a job in line. Returns: None; or its answer, where too many wait already, or the market has ended."""
        with self._changed:
            if self._is_ended or self._jobs >= JOBS_MAX:
                return SigningAheadFailed(job, "the market has ended" if self._is_ended else f"{JOBS_MAX} wait already")
            self._jobs += 1
        self._submit(partial(self._do, job))
        return None

    def end(self) -> None:
        """Signs nothing more; returns when nothing is being signed any more."""
        with self._changed:
            self._is_ended = True
            self._changed.wait_for(lambda: not self._jobs)

    def _do(self, job: SignAhead) -> None:
        try:
            if not self._is_ended:
                self._sign_and_tell(job)
        finally:
            with self._changed:
                self._jobs -= 1
                self._changed.notify_all()

    def _sign_and_tell(self, job: SignAhead) -> None:
        try:
            transaction = self._sign(job.order, job.job.nonce)
        except SigningFailed as error:
            self._tell(SigningAheadFailed(job, str(error)))
        else:
            self._tell(SignedAhead(job, transaction))
