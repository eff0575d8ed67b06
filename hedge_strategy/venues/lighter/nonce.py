"""The bookkeeping of one lane: which nonce comes next, and when nobody may know. Pure; one thread owns it.

The venue keeps one counter per API key; a transaction is valid only while its nonce equals the counter, and including
it, whatever its effect, moves the counter on by one (venue fact sheet 2.4). Hence:

- refused at the door: the nonce was not used, and is given back if nothing was handed out after it;
- accepted: used sooner or later, save for rare refusals inside the sequencer that leave the counter where it is;
- no answer: the lane is in doubt. No nonce is handed out until the doubt is resolved, because a second transaction
  on another nonce could run beside the first one.

Invariant: no nonce is handed out twice unless the first transaction on it was refused, or the venue's own counter,
read while nothing was pending, says that it is unused.
"""


class NonceLane:
    """One API key's nonces, in the hands of the one process that owns the key."""

    def __init__(self) -> None:
        """A new lane knows nothing: `refreshed` comes first."""
        self._next: int | None = None
        self._outstanding: set[int] = set()
        self._doubtful: set[int] = set()
        self._needs_refresh = True
        self._floor = 0

    @property
    def is_in_doubt(self) -> bool:
        """Whether a transaction without an answer, or a counter that does not fit, holds the lane up."""
        return bool(self._doubtful) or self._needs_refresh

    @property
    def outstanding(self) -> frozenset[int]:
        """Nonces handed out whose transactions have had no answer yet."""
        return frozenset(self._outstanding)

    @property
    def doubtful(self) -> frozenset[int]:
        """Nonces whose transactions may or may not run."""
        return frozenset(self._doubtful)

    def next(self) -> int | None:
        """Hands the next nonce out; None while the lane is in doubt."""
        if self._next is None or self.is_in_doubt:
            return None
        nonce = self._next
        self._next += 1
        self._outstanding.add(nonce)
        return nonce

    def accepted(self, nonce: int) -> None:
        """The venue took the transaction on this nonce, or it was found executed."""
        self._outstanding.discard(nonce)
        self._doubtful.discard(nonce)
        self._floor = max(self._floor, nonce + 1)
        if self._next is not None:
            self._next = max(self._next, nonce + 1)

    def rejected(self, nonce: int, *, is_nonce: bool = False) -> None:
        """The venue refused the transaction, or it is proven dead without having been included.

        Args:
            nonce: its nonce.
            is_nonce: True where the nonce itself was the reason: our counter does not fit the venue's.
        """
        self._outstanding.discard(nonce)
        self._doubtful.discard(nonce)
        is_last = self._next == nonce + 1
        if is_nonce or not is_last or nonce < self._floor:
            # Later ones on this lane will be refused too, or already ran: only the venue's counter can tell.
            self._needs_refresh = True
        else:
            self._next = nonce

    def unknown(self, nonce: int) -> None:
        """No usable answer: the lane is in doubt until `accepted`, `rejected` or `refreshed` resolves this nonce."""
        self._outstanding.discard(nonce)
        self._doubtful.add(nonce)

    def refreshed(self, venue_nonce: int, *, is_quiet: bool) -> None:
        """Takes the venue's own counter in.

        Args:
            venue_nonce: what `nextNonce` answered.
            is_quiet: True where nothing of this lane can still be pending (all results known, or all expired and
                looked up). Then the counter is taken as it is, even if it lies before what was accepted. Otherwise it
                may lag, and never moves ours back.
        """
        self._doubtful = {nonce for nonce in self._doubtful if nonce >= venue_nonce}
        if is_quiet:
            self._doubtful.clear()
            self._outstanding.clear()
            self._floor = venue_nonce
            self._next = venue_nonce
        else:
            highest_out = max(self._outstanding, default=-1) + 1
            highest_doubt = max(self._doubtful, default=-1) + 1
            self._next = max(venue_nonce, self._floor, highest_out, highest_doubt)
        self._needs_refresh = False
