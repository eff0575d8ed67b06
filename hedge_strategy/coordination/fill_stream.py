"""The way of a fill through Redis: the stream is the truth, the channel only makes it fast.

Publishing is one atomic script that appends to the market's stream and publishes the same bytes on its channel. What
the channel loses (nobody listening, a cut connection, a restarted Redis) is therefore still in the stream, and is read
there through the consumer group: first what this consumer was given and never acknowledged, then what is new, then
what dead consumers left behind. The group begins at the stream's first entry, so what was published before any hedger
ran is read too. Messages are cumulative and the ledger is idempotent, so hearing a fill twice is harmless.

- An entry is acknowledged only by whoever has hedged it; it stays in the stream until then. Acknowledging also trims
  the stream, up to the oldest entry that is not acknowledged and never beyond. Nothing else trims it.
- A lost channel is visible: `listen` raises once, and answers `Resubscribed` when it hears again; the caller then reads
  the stream, because what was published in between was not heard.

Known limits: while no hedger runs, the stream grows by one entry per fill (A rests no orders then). Old publishers that
use the bare channel are heard, but nothing keeps what they publish while nobody listens. One consumer group per market.
"""
