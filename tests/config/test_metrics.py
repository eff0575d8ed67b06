"""Where metrics are told: nowhere, unless it is said in a form that can be listened at."""

import msgspec
import pytest

from hedge_strategy.config.metrics import Metrics


def test_nothing_listens_unless_told() -> None:
    assert Metrics().listen is None


@pytest.mark.parametrize("place", ["127.0.0.1:9464", "0.0.0.0:9464", "[::1]:9464", "metrics.internal:80"])
def test_host_and_port_are_taken(place: str) -> None:
    assert msgspec.convert({"listen": place}, Metrics).listen == place


@pytest.mark.parametrize("place", ["9464", ":9464", "127.0.0.1", "127.0.0.1:", "::1:9464", "http://127.0.0.1:9464"])
def test_what_names_no_place_is_refused(place: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="listen"):
        msgspec.convert({"listen": place}, Metrics)
