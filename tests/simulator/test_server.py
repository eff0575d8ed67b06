import asyncio
import socket
from pathlib import Path

import pytest

from hedge_strategy.clock import SystemClock
from hedge_strategy.errors import UserError
from hedge_strategy.simulator.config import parse_config
from hedge_strategy.simulator.server import ExchangeServer, ServerOptions
from tests.simulator.live_exchange import BTC, ETH, live_exchange


def start_and_stop(options: ServerOptions) -> None:
    async def run() -> None:
        server = ExchangeServer(options, SystemClock())
        await server.start()
        await server.stop()

    asyncio.run(run())


def test_a_taken_port_is_one_error_and_leaves_the_other_port_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
        probe.close()
        with pytest.raises(UserError, match="cannot listen"):
            start_and_stop(ServerOptions(port=free, admin_port=taken.getsockname()[1]))
        start_and_stop(ServerOptions(port=free))


def test_a_tape_needs_its_market_and_its_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the tape"):
        start_and_stop(ServerOptions(tape=tmp_path / "absent.csv"))
    (tmp_path / "tape.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError):
        start_and_stop(ServerOptions(tape=tmp_path / "tape.csv"))
    with pytest.raises(UserError, match="no market DOGE"):
        start_and_stop(ServerOptions(tape=tmp_path / "tape.csv", config=parse_config({"tape_market": "DOGE"})))


def test_it_stops_with_clients_connected_and_tells_them() -> None:
    with live_exchange() as exchange:
        streaming = exchange.stream()
        stream = streaming.__enter__()
        stream.subscribe("order_book/1")
    with pytest.raises(Exception, match="1001"):
        stream.until("never")
    streaming.__exit__(None, None, None)


def test_market_index_0_is_as_good_as_any_other() -> None:
    with live_exchange(flow={}) as exchange:
        for market in (ETH, BTC):
            while not exchange.truth("trades", market_index=market):
                pass
            assert exchange.get("orderBookOrders", market_id=market, limit=5)["total_bids"] > 0
        assert {row["market_index"] for row in exchange.truth("trades", market_index=ETH)} == {0}


def test_two_exchanges_run_beside_each_other() -> None:
    with live_exchange() as first, live_exchange() as second:
        assert first.urls.url != second.urls.url
        assert first.trader().account_index == second.trader().account_index


def test_equal_seeds_give_equal_keys() -> None:
    keys = []
    for seed in (1, 1, 2):
        with live_exchange(seed=seed) as exchange:
            keys.append(exchange.trader().private_key)
    assert keys[0] == keys[1] != keys[2]
