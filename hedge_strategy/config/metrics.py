"""The settings of what is measured while the product runs."""

from typing import Annotated

import msgspec

from hedge_strategy.config.section import Section

LISTEN_FORM = r"^(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}\Z"
"""Host and port; an IPv6 address in brackets."""


class Metrics(Section, frozen=True, kw_only=True):
    """What Prometheus may read (docs/metrics.md).

    Attributes:
        listen: `host:port` at which each process answers `GET /metrics`, where each runs on a host, or in a
            container, of its own; `--metrics` comes before it, for several on one host. null: nothing listens.
    """

    listen: Annotated[str, msgspec.Meta(pattern=LISTEN_FORM)] | None = None
