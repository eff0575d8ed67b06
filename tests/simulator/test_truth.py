import json
from pathlib import Path
from typing import Any

import pytest

from hedge_strategy.simulator.truth import (
    MAX_BUFFERED,
    FrameTruth,
    OrderTruth,
    PositionTruth,
    TradeTruth,
    TransactionTruth,
    TruthLog,
)


def trade(number: int, ask: int = 1, bid: int = 2, market: int = 0) -> TradeTruth:
    return TradeTruth(
        trade_id=number,
        market_index=market,
        price="100.00",
        size="0.0100",
        ask_account_index=ask,
        bid_account_index=bid,
        ask_order_index=10,
        bid_order_index=20,
        ask_client_order_index=0,
        bid_client_order_index=7,
        is_maker_ask=True,
        executed_ns=1_000 + number,
        tx_hash="ab",
    )


def order(status: str, updated_ns: int) -> OrderTruth:
    return OrderTruth(
        order_index=5,
        client_order_index=0,
        account_index=1,
        market_index=0,
        is_ask=False,
        type="limit",
        time_in_force="post-only",
        reduce_only=False,
        price="1.00",
        initial_size="1.0000",
        filled_size="0.0000",
        filled_quote="0.000000",
        status=status,
        tx_hash="cd",
        created_ns=1,
        updated_ns=updated_ns,
    )


def transaction(receipt: int, code: int) -> TransactionTruth:
    return TransactionTruth(
        receipt=receipt,
        hash="ee",
        tx_type=14,
        account_index=1,
        api_key_index=4,
        nonce=0,
        market_index=0,
        received_ns=receipt,
        executed_ns=None,
        code=code,
        via="ws",
        status=0,
    )


def rows(truth: TruthLog, kind: str, **where: int) -> list[dict[str, Any]]:
    return json.loads(truth.query(kind, **where))[f"{kind}s"]  # type: ignore[no-any-return]


def test_trades_come_back_complete_in_order_and_filtered() -> None:
    truth = TruthLog()
    total = 2 * MAX_BUFFERED + 3
    for number in range(total):
        truth.put(trade(number, ask=number % 3, bid=9, market=number % 2))
    assert [row["trade_id"] for row in rows(truth, "trade")] == list(range(total))
    assert all(row["market_index"] == 0 for row in rows(truth, "trade", market_index=0))
    assert len(rows(truth, "trade", account_index=9)) == total
    assert {row["ask_account_index"] for row in rows(truth, "trade", account_index=0)} == {0}
    assert [row["trade_id"] for row in rows(truth, "trade", since_ns=1_000 + total - 2)] == [total - 2, total - 1]
    assert truth.count("trade") == total


def test_an_order_shows_its_latest_state_and_two_receipts_of_one_hash_are_two_transactions() -> None:
    truth = TruthLog()
    truth.put(order("open", 1))
    truth.put(transaction(1, 200))
    truth.put(order("filled", 9))
    truth.put(transaction(2, 21104))
    assert [(row["status"], row["updated_ns"]) for row in rows(truth, "order")] == [("filled", 9)]
    assert [(row["hash"], row["code"]) for row in rows(truth, "transaction")] == [("ee", 200), ("ee", 21104)]


def test_a_trade_shows_when_each_side_was_first_told() -> None:
    truth = TruthLog()
    truth.put(trade(1, ask=1, bid=2))
    for framed_ns in (50, 60):
        truth.put_frame(
            FrameTruth(trade_id=1, market_index=0, account_index=2, channel="account_all", framed_ns=framed_ns)
        )
    (row,) = rows(truth, "trade")
    assert (row["ask_framed_ns"], row["bid_framed_ns"]) == (None, 50)
    assert len(rows(truth, "frame", account_index=2)) == 1


def test_the_file_holds_the_same_as_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    truth = TruthLog(path)
    truth.put(trade(1))
    truth.put(order("open", 1))
    truth.put(
        PositionTruth(account_index=1, market_index=0, size="-0.0100", entry_quote="1", realized_pnl="0", updated_ns=3)
    )
    truth.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["trade", "order", "position"]
    assert lines[2]["size"] == "-0.0100"


def test_a_file_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="absent"):
        TruthLog(tmp_path / "absent" / "truth.jsonl")
