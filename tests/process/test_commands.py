"""The user's commands on real processes, judged by the exchange: a pause stops quoting, not hedging."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.polling import wait_until
from tests.process import scenarios
from tests.process.judge import expect_hedged
from tests.product import BTC, Product, running_product

pytestmark = pytest.mark.process

PATIENCE_S = 10


def hedge(product: Product, *arguments: str, within_s: float = 60) -> tuple[int, dict[str, Any]]:
    """A command of the user: its exit code and its answer."""
    process = product.start_command(*arguments, "--json")
    code = process.wait(within_s)
    return code, json.loads(process.output)


def test_a_pause_cancels_and_goes_on_hedging_until_it_is_resumed(tmp_path: Path) -> None:
    with running_product(tmp_path / "run") as product:
        product.start_hedger("BTC")
        maker = product.start_maker("BTC", scenarios.QUANTITY[BTC])
        order = product.wait_quote(BTC)
        code, status = hedge(product, "status")
        (market,) = status["markets"]
        assert (code, market["maker"]["state"], market["hedger"]["state"]) == (0, "quoting", "hedging")
        assert market["maker"]["order"]["side"] == "buy"

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
