"""What A and B tell Prometheus while they trade is what happened, and every figure that is watched is told."""

import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.watched import names_in_dashboard, names_in_rules
from tests.polling import wait_until
from tests.process.scenarios import expect_hedged_all
from tests.product import BTC, ProductProcess, running_product

pytestmark = [pytest.mark.desk, pytest.mark.process]

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(process: ProductProcess) -> tuple[Samples, set[str]]:
    """All samples of a process, and the names of its figures."""
    port = process.wait_log("metrics are told")[0]["port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
    empty = {f"{one.name}_total" if one.type == "counter" else one.name for one in families if not one.samples}
    return samples, {name for name, _ in samples} | empty


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, tuple(sorted(labels.items()))), 0.0)


def test_what_is_told_is_what_happened_and_whatever_is_watched_is_told(tmp_path: Path) -> None:
    with running_product(tmp_path) as product:
        config = product.config()
        hedger = product.start("main_B.py", "--market", "BTC", *LISTEN, config=config)
        maker = product.start(
            "main_A.py", "--market", "BTC", "--quantity", "0.00100", "--depth", "1", *LISTEN, config=config
        )
        order = product.fill(BTC, "0.00030")
        side = "sell" if order["is_ask"] else "buy"
        other = "buy" if order["is_ask"] else "sell"
        product.fill(BTC, "0.00070", order=order)
        expect_hedged_all(product, deadline_s=10)

        def hedged() -> tuple[Samples, set[str]] | None:
            found = scrape(hedger)
            is_all = value(found[0], "hedge_hedged_size_total", market="BTC", side=other) == pytest.approx(0.001)
            is_told = value(found[0], "hedge_unhedged_age_seconds", market="BTC") == 0.0
            return found if is_all and is_told else None

        of_b, names_b = wait_until(hedged, "B to have counted its hedges") or ({}, set())
        of_a, names_a = scrape(maker)
        assert value(of_a, "hedge_published_size_total", market="BTC", side=side) == pytest.approx(0.001)
        hedges = value(of_b, "hedge_hedges_total", market="BTC", result="executed")
        assert hedges in (1, 2), "two fills, hedged apart or together"
        assert value(of_b, "hedge_sends_total", market="BTC", outcome="accepted") == hedges
        assert value(of_b, "hedge_claims_total", market="BTC", answer="claimed") == hedges
        signed = sum(value(of_b, "hedge_signings_total", market="BTC", when=when) for when in WHENS)
        assert signed == hedges
        hops = ("heard_to_claimed", "claimed_to_sent", "heard_to_sent", "fill_to_sent", "sent_to_settled")
        assert {value(of_b, f"hedge_{hop}_seconds_count", market="BTC") for hop in hops} == {hedges}
        assert value(of_b, "hedge_heard_to_sent_seconds_sum", market="BTC") < 5
        for hop in ("heard_to_published", "fill_to_published"):
            assert value(of_a, f"hedge_{hop}_seconds_count", market="BTC") >= 1, hop
        for samples, account in ((of_a, product.maker_account), (of_b, product.hedger_account)):
            assert value(samples, "hedge_venue_socket_up", account=str(account)) == 1
            assert value(samples, "hedge_venue_socket_connects_total", account=str(account)) == 1
            assert value(samples, "hedge_venue_requests_left", account=str(account), pool="sends") > 0
            asked = [key for key in samples if key[0] == "hedge_venue_requests_total" and ("status", "200") in key[1]]
            assert asked and samples["process_resident_memory_bytes", ()] > 0
        assert value(of_b, "hedge_lease_changes_total", market="BTC", change="gained") == 1
        assert names_in_rules() | names_in_dashboard() <= names_a | names_b | {"up"} | OF_OTHERS
        assert product.tracebacks() == []


LISTEN = ("--metrics", "127.0.0.1:0")
WHENS = ("ahead", "on_fill", "after_claim")
OF_OTHERS = {"hedge_journal_read_age_seconds", "hedge_journal_failures_total", "hedge_journal_rounds_total"} | {
    "hedge_alerter_round_age_seconds", "hedge_alert_deliveries_total"
}  # fmt: skip
