"""Redis for the shells' tests: the real one of `tests/coordination`."""

from tests.coordination.conftest import real, server, shared_server

__all__ = ["real", "server", "shared_server"]
