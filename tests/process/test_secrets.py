"""Private keys and passphrases are nowhere but where they belong: no log, no file, and no key of Redis holds one."""

from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from hedge_strategy.config.key_file import new_key_file
from hedge_strategy.config.secret import Secret
from tests.process.scenarios import expect_hedged_all
from tests.product import BTC, Product, running_product

pytestmark = [pytest.mark.desk, pytest.mark.process]
PASSPHRASE = "correct horse battery"


def by_name(product: Product, path: Path) -> Path:
    """Settings that only name their keys, which are in the key file; returns the settings' path."""
    tree = product.tree()
    opened = new_key_file(path, Secret(PASSPHRASE))
    for name, account in tree["accounts"].items():
        opened.add(name, Secret(account.pop("api_key_private_key")))
        account["api_key_private_key_name"] = name
    settings = product.folder / "settings.yaml"
    settings.write_text(yaml.safe_dump({**tree, "key_file": {"path": str(path)}}))
    return settings


def everything_in(client: redis.Redis) -> bytes:
    """All names and values of a Redis, one after the other."""
    read: dict[bytes, Any] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"stream": client.xrange,
        b"zset": lambda key: client.zrange(key, 0, -1),
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
    }
    return b"\n".join(key + repr(read[client.type(key)](key)).encode() for key in client.scan_iter(count=1_000))


def test_keys_out_of_the_key_file_trade_and_are_told_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGE_KEYS_PASSPHRASE", PASSPHRASE)
    with running_product(tmp_path) as product:
        config = by_name(product, tmp_path / "keys.json")
        hedger = product.start_hedger("BTC", config=config)
        maker = product.start_maker("BTC", "0.00100", config=config)
        product.fill(BTC, "0.00030")
        expect_hedged_all(product, deadline_s=10)
        for arguments in (("status", "--json"), ("pause", "--market", "BTC"), ("audit", "--market", "BTC")):
            command = product.start_command(*arguments, config=config)
            assert command.wait() == 0, command.errors
        maker.interrupt()
        hedger.interrupt()
        assert (maker.wait(), hedger.wait()) == (0, 0)
        secrets = [PASSPHRASE, *(key for keys in product.keys.values() for key in keys.values())]
        found = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {".err", ".out", ".json"} <= {path.suffix for path in found}, "logs, outputs and what is kept"
        with product.redis_client() as client:
            told = {"Redis": everything_in(client), **{str(path): path.read_bytes() for path in found}}
        assert b"BTC" in told["Redis"]
        for place, text in told.items():
            shown = [secret for secret in secrets if secret.removeprefix("0x").encode() in text]
            assert not shown, f"{len(shown)} secrets stand in {place}"
        assert product.tracebacks() == []
