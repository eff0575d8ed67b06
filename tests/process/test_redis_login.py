"""The whole product with the login of `docs/redis.md`: it trades, obeys and tells, and Redis refuses it nothing."""

from pathlib import Path

import pytest

from hedge_strategy.coordination.connection import connect
from tests.coordination.test_rights import RIGHTS
from tests.process.scenarios import expect_hedged_all
from tests.product import BTC, running_product

pytestmark = pytest.mark.process


def test_the_documented_rights_are_enough_for_everything(tmp_path: Path) -> None:
    with running_product(tmp_path) as product:
        with connect(product.redis_server.settings) as admin:
            admin.execute_command("ACL", "SETUSER", "hedge", "on", ">PASSWORD", *RIGHTS)
            admin.acl_log_reset()
            port = product.redis_server.port
            product.redis_place = {"host": "127.0.0.1", "port": port, "username": "hedge", "password": "PASSWORD"}
            config = product.config()
            hedger = product.start_hedger("BTC", config=config)
            maker = product.start_maker("BTC", "0.00100", config=config)
            order = product.fill(BTC, "0.00030")
            product.fill(BTC, "0.00070", order=order)
            expect_hedged_all(product, deadline_s=10)
            for arguments in (("status", "--json"), ("pause", "--market", "BTC"), ("audit", "--market", "BTC")):
                command = product.start_command(*arguments, config=config)
                assert command.wait() == 0, command.errors
            maker.interrupt()
            hedger.interrupt()
            assert (maker.wait(), hedger.wait()) == (0, 0)
            assert [line["object"] for line in admin.acl_log()] == []
            said = [process.errors + process.output for process in (maker, hedger, *product.commands)]
        assert not any("PASSWORD" in text for text in said)
        assert product.tracebacks() == []
