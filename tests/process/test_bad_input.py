"""What a user can mend is one clear line on standard error and exit code 2; nothing is left running or resting."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.process import scenarios
from tests.product import BTC, ROOT, Product, ProductProcess, running_product

pytestmark = pytest.mark.process

ENDS_WITHIN_S = 30
MAKER = {"--market": "BTC", "--quantity": "0.00100", "--depth": "1"}

Write = Callable[[Product], Path]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("bad") / "run") as running:
        yield running


def refused(process: ProductProcess) -> str:
    """Its one line, once it has ended as it should."""
    code = process.wait(ENDS_WITHIN_S)
    lines = process.errors.strip().splitlines()
    assert (code, len(lines), process.output) == (2, 1, ""), process.errors
    assert "Traceback" not in lines[0]
    return lines[0]


def nothing_happened(product: Product) -> None:
    assert product.exchange.truth("transactions") == []
    assert product.resting(BTC) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"--market": "DOGE"}, "no market 'DOGE'"),
        ({"--quantity": "0"}, "--quantity 0 must be above 0"),
        ({"--quantity": "-0.001"}, "--quantity -0.001 must be above 0"),
        ({"--quantity": "0.0010001"}, "--quantity 0.0010001 has more than 5 decimals"),
        ({"--quantity": "0.00010"}, "--quantity 0.00010 is below 0.00020"),
        ({"--depth": "0"}, "--depth 0 must be 1 or more"),
    ],
    ids=lambda value: "=".join(*value.items()) if isinstance(value, dict) else "",
)
def test_a_makers_arguments(product: Product, changed: dict[str, str], expected: str) -> None:
    arguments = [text for pair in (MAKER | changed).items() for text in pair]
    assert expected in refused(product.start("main_A.py", *arguments))
    nothing_happened(product)


def test_a_hedgers_market(product: Product) -> None:
    assert "no market 'DOGE'" in refused(product.start_hedger("DOGE"))
    nothing_happened(product)


def wrong_key(product: Product) -> Path:
    """Each account with a key of the other one."""
    path = product.config()
    a, b = product.keys["account_a"]["4"], product.keys["account_b"]["4"]
    path.write_text(path.read_text().replace(a, "?").replace(b, a).replace("?", b))
    return path


def unregistered_key(product: Product) -> Path:
    path = product.config()
    path.write_text(path.read_text().replace("api_key_index: 4", "api_key_index: 77"))
    return path


def unknown_account(product: Product) -> Path:
    path = product.config()
    text = path.read_text()
    for account in (product.maker_account, product.hedger_account):
        text = text.replace(f"account_index: {account}\n", f"account_index: 98765{account}\n")
    path.write_text(text)
    return path


def no_redis(product: Product) -> Path:
    return product.config(redis={"port": free_port()})


def no_exchange(product: Product) -> Path:
    port = free_port()
    return product.config(lighter={"base_url": f"http://127.0.0.1:{port}", "ws_url": f"ws://127.0.0.1:{port}/stream"})


def broken_yaml(product: Product) -> Path:
    path = product.config()
    path.write_text(path.read_text() + "strategy: [1, 2\n")
    return path


def missing_file(product: Product) -> Path:
    return product.folder / "nowhere.yaml"


def unknown_key(product: Product) -> Path:
    return product.config(strategy={"max_slipage": 0.01})


def wrong_type(product: Product) -> Path:
    return product.config(redis={"port": "six"})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (wrong_key, "the private key is not the one registered as API key 4"),
        (unregistered_key, "API key 77"),
        (unknown_account, "does not know API key 4 of account 98765"),
        (no_redis, "Redis does not answer at 127.0.0.1:"),
        (no_exchange, "http://127.0.0.1:"),
        (broken_yaml, "no valid YAML"),
        (missing_file, "nowhere.yaml does not exist"),
        (unknown_key, "strategy.max_slipage: unknown key; did you mean max_slippage?"),
        (wrong_type, "redis.port"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_settings_and_surroundings_of_both(product: Product, write: Write, expected: str) -> None:
    path = write(product)
    both = [product.start_maker("BTC", "0.00100", config=path), product.start_hedger("BTC", config=path)]
    for process in both:
        line = refused(process)
        assert expected in line
        assert not any(key in line for keys in product.keys.values() for key in keys.values()), "no private key is told"
    nothing_happened(product)


@pytest.mark.parametrize("option", ["--port", "--admin-port"])
def test_an_exchange_whose_port_is_taken(product: Product, option: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = str(holder.getsockname()[1])
        command = [sys.executable, "-m", "hedge_strategy", "exchange", option, taken]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=ENDS_WITHIN_S, cwd=ROOT, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.strip().splitlines()
    assert f"cannot listen on 127.0.0.1:{taken}" in line


def test_a_depth_beyond_the_book_waits_and_says_so_and_quotes_when_the_book_grows(tmp_path: Path) -> None:
    with running_product(tmp_path / "run") as product:
        product.start_hedger("BTC")
        maker = product.start_maker("BTC", scenarios.QUANTITY[BTC], depth="6")
        said = "depth 6 is beyond the book: 4 levels on the buy side"
        assert len(maker.wait_log("not quoting", because=said)) == 1, "said once"
        assert product.resting(BTC) == []
        for price in ("99985.0", "99980.0"):
            product.exchange.house(BTC, is_ask=False, size="1.00000", price=price)
        assert product.wait_quote(BTC)["price"] == "99980.0"
