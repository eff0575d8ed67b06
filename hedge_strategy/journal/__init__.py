"""The trade journal: what happened and what it earned, kept in a database off the hot path.

    venues' books (REST) ─ catch_up ─┐
                                     ├─ store (schema) ── bookkeeping: average_cost, matching ── figures ── reports
    Redis, only heard ── listening ──┘

- The venues' own books are the truth: trades with their fees, orders that ended, funding. From them follow, by pure
  functions, the positions (`average_cost`) and the hedges with what they cost (`matching`). So a journal that is made
  anew from the venues has the same rows, byte by byte; `comparison` proves it.
- What is only heard on the way (results, pauses, what processes say of themselves) is kept beside it; no figure of
  money is made from it.
- Every row has a natural key and is written once. Whatever comes again changes nothing, so stopping at any moment and
  beginning again anywhere is safe.
- Nothing is ever written to Redis, and the venues are asked on a small budget of requests.
"""
