"""How a command tells metrics: nowhere, unless a place was named on the command line or in the settings."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from hedge_strategy.clock import Clock
from hedge_strategy.tally import Tally

METRICS_HELP = "Answer GET /metrics at this host:port, such as 127.0.0.1:9464; in place of the setting metrics.listen."


@contextmanager
def told_metrics(place: str | None, process: str, clock: Clock) -> Iterator[Tally | None]:
    """Answers requests for metrics during the block; the port is taken before it begins.

    Args:
        place: `host:port`; None: nothing is counted and nothing listens.
        process: maker, hedger, journal, console or alerter.
        clock: time.

    Raises:
        UserError: nobody can listen there.
    """
    if place is None:
        yield None
        return
    # Not above: nobody else needs the library, and a start without metrics shall not wait for it.
    from hedge_strategy.metrics.board import Exposition
    from hedge_strategy.metrics.server import MetricsServer

    exposition = Exposition(process, clock)
    server = MetricsServer(place, exposition)
    server.start()
    structlog.get_logger("metrics").info("metrics are told", port=server.port)
    try:
        yield exposition.tally
    finally:
        server.close()
