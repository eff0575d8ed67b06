"""The alerter as a process of its own beside real A and B: what it says, what it does, who may tell it what to do."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from tests.alerts.bot_api import CHAT, TOKEN, BotApi, bot_api
from tests.alerts.listener import Listener, listening
from tests.polling import wait_until
from tests.product import Product, running_product
from tests.simulator.live_exchange import BTC

pytestmark = [pytest.mark.desk, pytest.mark.process, pytest.mark.timeout(180)]


def rules(folder: Path, service: Listener, api: BotApi) -> Path:
    def rule(name: str, kind: str, **more: object) -> dict[str, object]:
        return {"name": name, "type": "system", "severity": "critical", "resolve_after_s": 1,
                "condition": {"kind": kind}, **more}  # fmt: skip

    file = {
        "channels": [{"name": "ops", "url": f"json://127.0.0.1:{service.port}/very-secret-word"}],
        "telegram": {"chats": [CHAT], "token": TOKEN, "base_url": api.url, "per_minute": 600},
        "rules": [
            rule("missing", "hedger_missing", action="freeze"),
            rule("forgot", "redis_forgot", condition={"kind": "redis_forgot", "window_s": 5}),
            rule("rebuilt", "ledger_rebuilt", condition={"kind": "ledger_rebuilt", "window_s": 5}),
        ],
    }
    path = folder / "alerts.yaml"
    path.write_text(yaml.safe_dump(file))
    return path


def heard(service: Listener) -> set[str]:
    return {body["title"] for body in service.bodies}


def test_what_happens_to_a_and_b_is_said_and_acted_upon(tmp_path: Path) -> None:
    with running_product(tmp_path) as product, listening() as service, bot_api() as api:
        config = product.config()
        hedger = product.start_hedger("BTC", config=config)
        product.start_maker("BTC", "0.00100", config=config)
        product.wait_quote(BTC)
        alerter = product.start_command(
            "alerts", "run", "--log-json", "--rules", str(rules(tmp_path, service, api)), config=config
        )
        wait_until(lambda: "ok BTC: A quoting, B hedging" in _answer(api, "/status"), "the status", deadline_s=30)

        hedger.kill()
        wait_until(lambda: "[CRITICAL] missing BTC" in heard(service), "the alert", deadline_s=20)
        product.start_hedger("BTC", config=config)
        wait_until(lambda: "[RESOLVED] missing BTC" in heard(service), "its end", deadline_s=30)
        assert _gives_no_quote(product), "a freeze outlives the alert"
        api.write("/resume BTC")
        product.wait_quote(BTC)

        product.redis_client().flushall()
        wait_until(lambda: {"[CRITICAL] forgot", "[CRITICAL] rebuilt BTC"} <= heard(service), "both", deadline_s=40)
        wait_until(
            lambda: {"[RESOLVED] forgot", "[RESOLVED] rebuilt BTC"} <= heard(service), "their ends", deadline_s=40
        )

        api.write("/flatten")
        question = wait_until(lambda: next((one for one in api.sent if "reply_markup" in one), None), "the question")
        api.press(question, 0)
        wait_until(
            lambda: any(text.startswith("done\n") and "flat" in text for text in api.texts), "flat", deadline_s=60
        )
        assert product.resting(BTC) == []
        alerter.interrupt()
        assert alerter.wait() == 0
        assert product.tracebacks() == []
        kept = _everything_in(product)
        assert b"rebuilt" in kept, "what is looked through is there"
        for secret in ("very-secret-word", TOKEN):
            assert secret not in alerter.errors
            assert secret.encode() not in kept


def _everything_in(product: Product) -> bytes:
    client = product.redis_client()
    client.config_set("rdbcompression", "no")
    return b"".join(bytes(client.dump(key) or b"") for key in client.scan_iter())


def _answer(api: BotApi, text: str) -> str:
    """What the bot answers; written again only where the bot threw it away with what waited at its start."""
    before = len(api.sent)
    api.write(text)
    for _ in range(3):
        wait_until(lambda: len(api.sent) > before or not api.is_waiting, "the bot to take it", deadline_s=30)
        with suppress(AssertionError):
            return str(wait_until(lambda: api.texts[before:], "the answer")[0])
        api.write(text)
    raise AssertionError(f"{text} was never answered")


def _gives_no_quote(product: Product) -> bool:
    """For a second in which it could."""
    threading.Event().wait(1)
    return product.resting(BTC) == []
