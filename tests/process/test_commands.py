"""The user's commands on real processes, judged by the exchange: a pause stops quoting, not hedging."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hedge_strategy.cli.app import app
from tests.polling import wait_until
from tests.process import scenarios
from tests.process.judge import expect_hedged, net_positions
from tests.product import BTC, Product, running_product

pytestmark = pytest.mark.process

PATIENCE_S = 10


def hedge(product: Product, *arguments: str) -> tuple[int, dict[str, Any]]:
    """A command of the user: its exit code and its answer."""
    shown = CliRunner().invoke(app, [*arguments, "--json", "--config", str(product.config())])
    return shown.exit_code, json.loads(shown.stdout)


def flatten(product: Product) -> tuple[int, dict[str, Any]]:
    """`hedge flatten`, as a process of its own where A and B keep their files."""
    process = product.start_command("flatten", "--market", "BTC", "--json")
    code = process.wait(90)
    return code, json.loads(process.output)


def test_a_pause_cancels_and_goes_on_hedging_until_it_is_resumed(tmp_path: Path) -> None:
    with running_product(tmp_path / "run") as product:
        product.start_hedger("BTC")
        maker = product.start_maker("BTC", scenarios.QUANTITY[BTC])
        order = product.wait_quote(BTC)

        def at_work() -> bool:
            code, status = hedge(product, "status")
            states = [(one["maker"]["state"], one["hedger"]["state"]) for one in status["markets"]]
            return (code, states) == (0, [("quoting", "hedging")])

        wait_until(at_work, "both at work", deadline_s=PATIENCE_S)

        pausing = product.start_command("pause", "--market", "BTC", "--reason", "lunch", "--json")
        wait_until(lambda: scenarios.is_being_cancelled(product, order), "A's cancel on its way")
        product.fill(BTC, "0.00050", order=order)
        assert pausing.wait() == 0, pausing.output
        done = {one["role"]: one["outcome"] for one in json.loads(pausing.output)["processes"]}
        assert done == {"maker": "paused, nothing rests", "hedger": "goes on hedging what A was filled"}
        assert product.resting(BTC) == []
        expect_hedged(product, "0.00050", deadline_s=PATIENCE_S)
        code, status = hedge(product, "status")
        assert code == 1
        assert "lunch" in status["markets"][0]["maker"]["reason"]
        assert Decimal(status["markets"][0]["hedger"]["last_hedge"]["hedged"]) == Decimal("0.00050")

        code, answer = hedge(product, "resume")
        assert code == 0, answer
        product.wait_quote(BTC, deadline_s=PATIENCE_S)
        assert maker.code is None
        assert product.tracebacks() == []


def flat(product: Product) -> bool:
    """Neither account holds or rests anything, by the exchange's word."""
    accounts = (product.maker_account, product.hedger_account)
    held = [one for account in accounts for one in product.exchange.truth("positions", account_index=account)]
    return not any(Decimal(one["size"]) for one in held) and not any(
        product.resting(BTC, account=account) for account in accounts
    )


def test_flatten_closes_both_accounts_and_what_follows_a_resume_is_hedged_as_ever(tmp_path: Path) -> None:
    with running_product(tmp_path / "run") as product:
        product.start_hedger("BTC")
        maker = product.start_maker("BTC", scenarios.QUANTITY[BTC])
        product.fill(BTC, "0.00050")
        expect_hedged(product, "0.00050", deadline_s=PATIENCE_S)
        code, done = flatten(product)
        assert code == 0, done
        assert flat(product)
        assert {one["role"] for one in done["processes"]} == {"maker", "hedger"}
        assert all(Decimal(one["position"]) == 0 for one in done["accounts"])
        code, status = hedge(product, "status")
        assert (code, status["markets"][0]["maker"]["state"]) == (1, "paused")

        assert hedge(product, "resume")[0] == 0
        product.fill(BTC, "0.00040")
        wait_until(lambda: not net_positions(product)[BTC], "the hedge", deadline_s=PATIENCE_S)
        report = audit(product)
        assert report["ok"], report
        assert [order["hedged"] for order in report["orders"]] == ["0.00050", "0.00040"]
        assert maker.code is None
        assert product.tracebacks() == []


def test_flatten_does_the_part_of_a_process_that_is_dead(tmp_path: Path) -> None:
    with running_product(tmp_path / "run") as product:
        hedger = product.start_hedger("BTC")
        maker = product.start_maker("BTC", scenarios.QUANTITY[BTC])
        order = product.wait_quote(BTC)
        hedger.kill()
        product.fill(BTC, "0.00050", order=order)
        maker.kill()
        code, done = flatten(product)
        assert code == 0, done
        assert flat(product)

        product.start_hedger("BTC")
        maker = product.start_maker("BTC", scenarios.QUANTITY[BTC])
        maker.wait_log("not quoting")
        assert hedge(product, "resume")[0] == 0
        product.fill(BTC, "0.00040")
        wait_until(lambda: not net_positions(product)[BTC], "the hedge", deadline_s=PATIENCE_S)
        report = audit(product)
        assert report["ok"], report
        assert product.tracebacks() == []


def audit(product: Product) -> dict[str, Any]:
    return hedge(product, "audit", "--market", "BTC", "--wait", "5")[1]
