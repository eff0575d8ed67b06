"""A real Redis per test process, emptied for each test."""

from tests.coordination.conftest import real, server, shared_server

__all__ = ["real", "server", "shared_server"]
