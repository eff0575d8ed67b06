"""The journal beside real processes of A and B: killed, started again, it has what the exchange has."""

import json
import os
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.polling import wait_until
from tests.product import Product, ProductProcess, running_product
from tests.simulator.live_exchange import BTC

pytestmark = [pytest.mark.desk, pytest.mark.process]

FILLS = ("0.00030", "0.00050", "0.00020")
COLLATERAL = Decimal(1_000_000)
JOURNAL = {"poll_ms": 200, "requests_per_minute": 6_000}


def read(product: Product, config: Path, *arguments: str, code: int = 0) -> Any:
    command = product.start_command(*arguments, config=config)
    assert command.wait() == code, command.errors + command.output
    return command.output


def pnl(product: Product, config: Path) -> dict[str, Any]:
    return json.loads(read(product, config, "pnl", "--json"))["total"]  # type: ignore[no-any-return]


def earned(product: Product) -> Decimal:
    accounts = [
        product.exchange.get("account", by="index", value=index)["accounts"][0]
        for index in (product.maker_account, product.hedger_account)
    ]
    return sum((Decimal(account["collateral"]) - COLLATERAL for account in accounts), Decimal(0))


def start_journal(product: Product, config: Path) -> ProductProcess:
    journal = product.start_command("journal", "--log-json", config=config)
    product.processes.append(journal)
    return journal


def hedged(product: Product) -> Decimal:
    trades = product.exchange.truth("trades", account_index=product.hedger_account)
    return sum((Decimal(trade["size"]) for trade in trades), Decimal(0))


def test_an_hour_cut_short_and_a_journal_that_is_killed(tmp_path: Path) -> None:
    exchange = {"funding_interval_ms": 1_500}
    with running_product(tmp_path, exchange=exchange) as product:
        config = journal_config(product)
        journal = start_journal(product, config)
        product.start_hedger("BTC", config=config)
        product.start_maker("BTC", "0.00100", config=config)
        filled, order = Decimal(0), product.wait_quote(BTC)
        for number, size in enumerate(FILLS):
            product.fill(BTC, size, order=order)
            filled += Decimal(size)
            wait_until(lambda so_far=filled: hedged(product) == so_far, f"hedge {number}", deadline_s=20)
            if number == 0:
                assert journal.log("process A has not run in any market yet; waiting for it")
                wait_until(lambda: rows(tmp_path, "results"), "the result in the journal")
                os.kill(journal_id(journal), signal.SIGKILL)
                journal.wait()
                journal = start_journal(product, config)
        wait_until(lambda: rows(tmp_path, "hedges") == len(FILLS), "all hedges in the journal", deadline_s=20)
        states = wait_until(lambda: rows(tmp_path, "states") >= 2, "A and B in the journal")
        assert states
        for process in product.processes:
            process.interrupt()
        assert [process.wait() for process in product.processes if process.name != "hedge-journal-0"] == [0, 0, 0]
        assert "read to the end" in read(product, config, "journal", "--once")
        total = pnl(product, config)
        assert_is_the_exchanges(product, total)
        assert (total["fills"], total["hedges"], total["gaps"], total["disagreements"]) == (3, 3, 0, 0)
        assert total["latency"]["p50_ms"] is not None
        read(product, config, "journal", "--rebuild")
        assert "equal, row by row" in read(product, config, "journal", "--verify")
        assert not product.tracebacks()


def assert_is_the_exchanges(product: Product, total: dict[str, Any]) -> None:
    """Funding goes on being paid: between two equal looks at the accounts nothing moved."""
    assert Decimal(total["realised"]) - Decimal(total["fees"]) == earned(product) - funding_of(product)


def funding_of(product: Product) -> Decimal:
    before = earned(product)
    paid = sum(
        (
            Decimal(position["total_funding_paid_out"])
            for index in (product.maker_account, product.hedger_account)
            for position in product.exchange.get("account", by="index", value=index)["accounts"][0]["positions"]
        ),
        Decimal(0),
    )
    return -paid if before == earned(product) else funding_of(product)


def journal_config(product: Product) -> Path:
    path = product.config()
    path.write_text(path.read_text() + f"journal: {json.dumps(JOURNAL)}\nstate_dir: state\n")
    return path


def journal_id(journal: ProductProcess) -> int:
    return journal._process.pid


def rows(folder: Path, table: str) -> int:
    import sqlite3

    path = folder / "state" / "journal.sqlite"
    if not path.exists():
        return 0
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        try:
            return int(database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])
        except sqlite3.OperationalError:
            return 0
