"""The next nonce of this hedger's lane, as far as it is known. Pure.

It is known from the venue's counter, and from then on from what was executed on it. After a hedge that was sent and
never ran it is not known any more: the venue is asked again, and its answer counts only where it is not below a nonce
that is known to be used.
"""

from hedge_strategy.hedger.events import Command, NonceRead, NonceReadFailed, Note

NONCE_RETRY_MS = 1_000
"""Pause between two attempts to read the lane's counter."""


class LaneCounter:
    """One lane's counter.

    Attributes:
        lane: the API key, None until the market was owned for the first time.
        nonce: the next one, None while it is not known.
    """

    def __init__(self) -> None:
        self.lane: int | None = None
        self.nonce: int | None = None
        self._floor = 0
        self._is_asked = False
        self._asked_at_ms = 0

    def forget(self) -> None:
        """It is not known any more."""
        self.nonce = None

    def used(self, nonce: int) -> None:
        """A transaction on this nonce has run."""
        self.nonce = self._floor = max(self._floor, nonce + 1)

    def asks(self, now_ms: int) -> bool:
        """Whether the venue is to be asked now; says so once per answer, and not again too soon."""
        if self._is_asked or now_ms - self._asked_at_ms < NONCE_RETRY_MS:
            return False
        self._is_asked, self._asked_at_ms = True, now_ms
        return True

    def answered(self, event: NonceRead | NonceReadFailed, *, is_wanted: bool) -> tuple[Command, ...]:
        """Takes in the venue's answer.

        Args:
            event: the next one as the venue sees it, or that it did not answer.
            is_wanted: nothing is in flight that the venue may have counted, or not counted yet.
        """
        self._is_asked = False
        if isinstance(event, NonceReadFailed):
            return (Note("warning", "the lane's nonce could not be read", (("reason", event.reason),)),)
        if is_wanted and self.nonce is None:
            self.nonce = max(event.nonce, self._floor)
        return ()
