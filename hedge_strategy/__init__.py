"""Maker fills on one account, hedged on another, exactly once, across Redis.

Folders, and who may import whom (a lower layer never imports a higher one; `tests/tidy` checks it):

    layer 0   domain/  errors  clock          values and arithmetic; time is read in `clock` only
              timeline                        when each fill passed each step, for who measures
              tally                           what happens, kept for the metrics and added up elsewhere
    layer 1   config/  risk/                  settings; limits and the gate that alone makes an `Approved`
              metrics/                        what a process tells Prometheus; loaded only where it is asked for
    layer 2   coordination/                   all that A and B share in Redis; the only importer of `redis`
              venues/                         one folder per venue behind one port
              simulator/                      a Lighter-compatible exchange to test against
              hosting/                        one market's life where a process has several; tried again where it failed
                                              (these four never import each other, one venue never another)
    layer 3   maker/  hedger/                 process A and process B: a pure machine each, and a shell around it
              journal/                        what happened and what it earned, off the hot path
              alerts/                         what goes wrong is said, and acted upon by commands alone
              console/                        the web page: reads, passes commands on, cannot place an order
    layer 4   cli/  wiring  wiring_maker      commands; the two alone know all concrete classes

The way of a fill:

    A   venues/lighter/stream -> parse -> maker/fill_tracker -> coordination/fill_stream (append + publish, one call)
        (before it, when the order rests: coordination/announcement -> hedger/presign -> venues/lighter/signer; the
        claim below then stores the bytes, and sending is all that is left)
    B   coordination/fill_stream -> hedger/feed -> hedge_ledger.claim -> hedger/sizing -> risk/gate
        -> venues/lighter/signer -> hedge_ledger (signed bytes stored) -> venues/lighter/venue.send
        -> own order and trades -> hedge_ledger.settle -> result on B's channel
    A   maker/machine: the result frees A to quote again

Beside that way:

    A   maker/catch_up, reader      fills missed, read by REST;  unhedged, coordination/outbox: until Redis has them
        maker/lookout, surroundings whether a hedger lives, what the user wants;  dead_man_switch, sweep: nothing rests
        maker/record                where A's history begins and how far it is handled, on disk and in Redis
        maker/host                  several markets in one process, each apart;  shared_account: what they share
    B   hedger/crew                 the threads that all markets of a process share: listener, rounds, beat, workers
        hedger/keeper, ownership    from the lease of a market to acting for it;  recovery, counting, recount: ledger
        hedger/host, sharing        several markets in one process, shared with other hedgers
        hedger/resolution           what became of a send in doubt;  position_watch, risk/position_guard: both positions
        hedger/flattening           ends both positions, with venues/closing;  orders_from_the_user: pause, resume
    both  venues/lane (one sender to a key)  venues/self_trades  coordination/commands, status_board, presence
    people  inspection, journaling, alerting, consoling, cli: what is read and ordered at the keyboard
"""

__version__ = "0.1.0"
