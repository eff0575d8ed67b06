"""Alerts: what goes wrong is seen, said by the channels that the user named, and where a rule says so acted upon.

    board, ledger totals, leases (Redis) ── watch ──┐
    prices (venues), money (journal) ─── slow_read ─┴─ snapshot ── judging ── machine ──┬─ delivery ── channels
                                                       (pure)      (pure)     (pure)    ├─ alert board
                                                                                        └─ actions ── commands
    Telegram ── telegram_bot ── telegram_desk (pure) ── status, pause, resume, flatten

- It cannot place an order: all that it does about anything is a command, as a person gives it.
- Nothing that it waits for (a channel, a venue, the journal, Redis) keeps it from looking at the rest, and nothing of
  it is on the way of a fill.
"""
