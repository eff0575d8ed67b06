"""Every code has a text, and the one the SDK matches on is as it expects."""

from hedge_strategy.simulator.codes import CODE_TEXTS, Code


def test_every_code_has_a_text() -> None:
    assert set(CODE_TEXTS) == set(Code)
    assert all(text for code, text in CODE_TEXTS.items() if code is not Code.OK)


def test_text_that_clients_match_on() -> None:
    assert (int(Code.INVALID_NONCE), CODE_TEXTS[Code.INVALID_NONCE]) == (21104, "invalid nonce")
