"""The alerter's section."""

import pytest

from hedge_strategy.config.alerting import Alerting
from hedge_strategy.config.reader import converted
from hedge_strategy.errors import ConfigError


def test_without_a_word_there_are_no_rules() -> None:
    assert converted({}, Alerting).file is None


def test_mistakes_name_the_key() -> None:
    with pytest.raises(ConfigError, match="poll_ms") as caught:
        converted({"poll_ms": 0}, Alerting)
    assert caught.value.path == "poll_ms"
    with pytest.raises(ConfigError, match="did you mean file"):
        converted({"fil": "x"}, Alerting)
