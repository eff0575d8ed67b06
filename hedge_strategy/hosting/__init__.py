"""Several markets in one process, of A as of B: each built, run and ended by itself (`market_run`), and tried again
where it failed (`retries`)."""
