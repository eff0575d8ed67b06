"""All that A and B share in Redis: messages, fills, the ledger of hedges, the lease. The only importer of `redis`."""
