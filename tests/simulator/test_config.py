from typing import Any

import pytest

from hedge_strategy.errors import UserError
from hedge_strategy.simulator.config import ConfigRefused, SimulatorConfig, parse_config, parse_delays
from hedge_strategy.simulator.settings import Delays


def test_nothing_given_means_every_default() -> None:
    assert parse_config(None) == parse_config({}) == SimulatorConfig()
    assert SimulatorConfig().exchange.delays == Delays(200, 300, 100)
    assert [market.market_index for market in SimulatorConfig().markets] == [0, 1, 2]


def test_sections_are_read_by_name() -> None:
    config = parse_config(
        {"exchange": {"delays": {"taker_ms": 0}}, "socket": {"position_frame": "full"}, "flow": None, "seed": 9}
    )
    assert config.exchange.delays == Delays(200, 0, 100)
    assert (config.socket.position_frame.value, config.flow, config.seed) == ("full", None, 9)


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"colour": 1}, "colour"),
        ({"socket": {"colour": 1}}, "$.socket"),
        ({"exchange": {"delays": {"maker": 1}}}, "$.exchange.delays"),
        ({"socket": {"json_ping_s": "soon"}}, "$.socket.json_ping_s"),
        ({"wire": {"order_time_unit": "days"}}, "$.wire.order_time_unit"),
        ({"flow": {"levels": 0}}, "$.flow"),
        ([], "object"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(values: Any, place: str) -> None:
    with pytest.raises(ConfigRefused) as refused:
        parse_config(values)
    assert place in str(refused.value)
    assert isinstance(refused.value, UserError)


def test_delays_name_what_they_change() -> None:
    usual = Delays(200, 300, 100)
    assert parse_delays("maker=1,taker=2,cancel=3", usual) == Delays(1, 2, 3)
    assert parse_delays("taker=0", usual) == Delays(200, 0, 100)


@pytest.mark.parametrize(
    "text", ["", "maker", "maker=", "maker=-1", "maker=1.5", "lunch=1", "maker=1,", "maker=99999999"]
)
def test_delays_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(ConfigRefused, match="delays"):
        parse_delays(text, Delays())
