"""A Lighter-compatible exchange to test against: a real server on real sockets, with a truth of its own.

    core (pure)     exchange · matching · accounts · lanes · reads …       what happens, time handed in
    forms (pure)    wire · wire_accounts · wire_markets · tx_info · channels · book_feed
    faults (pure)   faults                                                 what goes wrong on request, by seed
    signatures      txhash · signature                                     hash and keys as the venue's signer has them
    market          flow · replay · tape · flow_driver                     somebody to trade against
    shell           host (time) · door (sends) · api, rest_* (REST) · ws, connection, publisher (socket)
                    admin · truth (what really happened) · server (all of it together)

It shares no code with `venues/lighter`: if both used one parser they would agree with each other and not with the
venue.
"""
