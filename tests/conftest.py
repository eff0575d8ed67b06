"""What every test shares: hypothesis without a time limit per example, for tests run beside each other on few cores;
logs as they are before any command has set them up."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("hedge", deadline=None, print_blob=True)
settings.load_profile("hedge")


@pytest.fixture(autouse=True)
def _logs_of_its_own() -> Iterator[None]:
    """A command that a test runs in this process sets up logging for its own process, which would outlast the test."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
