"""All that A and B share in Redis: messages, the stream of fills, the ledger of hedges, the lease. Only importer of `redis`."""
