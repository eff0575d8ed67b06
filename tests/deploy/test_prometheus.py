"""What Prometheus is given to read: promtool takes it, and its rules fire when they should."""

import pytest

from tests.deploy.promtool import promtool

pytestmark = pytest.mark.desk


def test_promtool_takes_the_configuration_and_every_rule() -> None:
    said = promtool("check", "config", "prometheus.yml")
    assert "SUCCESS" in said and "FAILED" not in said
