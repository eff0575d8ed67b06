"""One A that quotes several markets, as a real process: they trade side by side, and one that fails stops no other.

What was lost or doubled is counted from the exchange's trades alone.
"""

import json
from pathlib import Path

import pytest
import yaml

from tests.polling import wait_until
from tests.process.judge import expect_hedged
from tests.process.planted import Change, plant
from tests.process.scenarios import expect_hedged_all
from tests.product import BTC, ETH, Product, running_product
from tests.simulator.live_exchange import SOL

pytestmark = pytest.mark.process

QUANTITIES = {BTC: "0.00100", ETH: "0.0058", SOL: "1.000"}
HEDGED_WITHIN_S = 10
STOPPED_WITHIN_S = 25

# ETH's machine breaks at the first tick that finds an order on the book that is partly filled, and never again.
BROKEN_MARKET = Change(
    "maker/machine.py",
    "        around = self._around\n        commands = self._unhedged.tick(",
    "        around = self._around\n"
    "        if self._market_index == 0 and self._order is not None and self._tracker.net_told:\n"
    "            if not hasattr(MakerMachine, 'has_broken'):\n"
    "                MakerMachine.has_broken = True\n"
    '                raise KeyError("planted")\n'
    "        commands = self._unhedged.tick(",
)


def nothing_rests(product: Product) -> bool:
    return not any(product.resting(market) for market in QUANTITIES)


def makers_shown(product: Product, config: Path) -> dict[str, str]:
    """By market, what `hedge status` says of its maker."""
    command = product.start_command("status", "--json", config=config)
    command.wait()
    return {one["market"]: one["maker"]["state"] for one in json.loads(command.output)["markets"]}


def test_a_market_that_breaks_cancels_and_begins_again_and_the_others_go_on(tmp_path: Path) -> None:
    source = plant((BROKEN_MARKET,), tmp_path / "source")
    quantities = {BTC: "0.00100", ETH: "0.0058"}  # a third one's reading would use up the account's requests
    with running_product(tmp_path / "run", source=source, markets=tuple(quantities)) as product:
        config = product.config_of_markets(quantities)
        hedger = product.start("main_B.py", config=config)
        maker = product.start("main_A.py", config=config)
        product.fill(BTC, "0.00030")
        expect_hedged_all(product, HEDGED_WITHIN_S)
        assert makers_shown(product, config) == {"BTC": "quoting", "ETH": "quoting"}

        broken = product.fill(ETH, "0.0030")
        maker.wait_log("this market ended; the others go on", market="ETH")
        assert product.resting(ETH) == []
        assert makers_shown(product, config)["ETH"] == "missing"
        expect_hedged(product, "0.0030", order=broken["order_index"], deadline_s=HEDGED_WITHIN_S)
        for size in ("0.00070", "0.00100"):
            product.fill(BTC, size, order=wait_until(lambda: product.resting(BTC), "its order")[0])
        expect_hedged_all(product, HEDGED_WITHIN_S)
        wait_until(lambda: product.resting(ETH), "an order of ETH, with nobody's help", deadline_s=15)

        maker.interrupt()
        assert maker.wait(STOPPED_WITHIN_S) == 0
        assert not any(product.resting(market) for market in quantities)
        hedger.interrupt()
        assert hedger.wait(STOPPED_WITHIN_S) == 0
        expect_hedged_all(product, 0)


def test_a_process_that_stops_leaves_the_orders_of_another_on_the_same_account_alone(tmp_path: Path) -> None:
    with running_product(tmp_path / "run", markets=tuple(QUANTITIES)) as product:
        config = product.config_of_markets(QUANTITIES)
        hedger = product.start("main_B.py", config=config)
        two = product.start("main_A.py", "--market", "BTC", "--market", "SOL", config=config)
        one = product.start("main_A.py", "--market", "ETH", "--quantity", "0.0060", config=config)
        orders = {market: product.wait_quote(market) for market in QUANTITIES}
        assert orders[ETH]["initial_size"] == "0.0060", "the command line comes before the settings"
        product.fill(BTC, "0.00030", order=orders[BTC])
        two.interrupt()
        assert two.wait(STOPPED_WITHIN_S) == 0
        assert (product.resting(BTC), product.resting(SOL)) == ([], [])
        assert [order["order_index"] for order in product.resting(ETH)] == [orders[ETH]["order_index"]]
        product.fill(ETH, "0.0060", order=orders[ETH])
        expect_hedged_all(product, HEDGED_WITHIN_S)
        one.interrupt()
        assert one.wait(STOPPED_WITHIN_S) == 0
        assert nothing_rests(product)
        hedger.interrupt()
        assert hedger.wait(STOPPED_WITHIN_S) == 0
        assert product.tracebacks() == []


def test_what_a_market_rested_that_cannot_be_built_any_more_is_cancelled(tmp_path: Path) -> None:
    """A is killed, and started again with a size that ETH does not take: the others would keep its order alive."""
    quantities = {BTC: "0.00100", ETH: "0.0058"}
    with running_product(tmp_path / "run", markets=tuple(quantities)) as product:
        config = product.config_of_markets(quantities)
        product.start("main_B.py", config=config)
        maker = product.start("main_A.py", config=config)
        for market in quantities:
            product.wait_quote(market)
        maker.kill()
        assert product.resting(ETH), "the venue's dead-man switch takes minutes"
        tree = yaml.safe_load(config.read_text())
        tree["markets"][1]["quantity"] = "0.00585555"
        wrong = config.with_name("wrong.yaml")
        wrong.write_text(yaml.safe_dump(tree))
        again = product.start("main_A.py", config=wrong)
        again.wait_log("what an earlier run left resting here is cancelled", market="ETH")
        assert not product.resting(ETH)
        again.wait_log("this market is not quoted; the others go on", market="ETH")
        product.wait_quote(BTC)
        again.interrupt()
        assert again.wait() == 1
        assert product.tracebacks() == []
