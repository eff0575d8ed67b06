"""Measures how fast a fill is hedged, beside what is possible and what is usual, on this machine.

    figures        percentiles and ratios (pure)
    fills          the exchange's records and the processes' timelines as latencies and hops (pure)
    hops_venue     the other end of the comparisons: sends frames, receives orders, one clock
    hops_maker     process A of the comparisons: the same hops with nothing in them
    hops_hedger    process B of the comparisons: likewise, signing where the way of doing it signs
    signing        what a signature costs, as a process of its own
    machine        what runs here; CPU time and memory of a process
    laboratory     Redis, exchange and pairs of A and B, started and ended
    comparisons    the three processes above, started and ended
    settled        a ledger with many settled orders, made by the ledger's own scripts
    rounds         fills at a given pace, the ways of hedging by turns
    measurements   everything else that is measured
    report         the results as JSON and as a page
    pictures       the results drawn (matplotlib)
    __main__       the command

It is no part of the package: it reads the clock and Redis itself, and hedges nothing that is worth anything.
"""
