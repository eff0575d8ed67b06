import copy
import json
import logging
import pickle
import traceback

import msgspec
import pytest

from hedge_strategy.config.secret import Secret

TEXT = "5ca1ab1e" * 10


@pytest.fixture
def secret() -> Secret:
    return Secret(TEXT)


def test_only_the_named_method_reveals_it(secret: Secret) -> None:
    assert secret.reveal() == TEXT


def test_no_way_of_printing_shows_it(secret: Secret) -> None:
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret!s:>200}",
        f"{secret:>200}",
        "%s %r" % (secret, secret),  # noqa: UP031
        "{0} {0!r} {0:x}".format(secret),  # noqa: UP032
        str([secret]),
        str({"key": secret}),
        json.dumps({"key": secret}, default=repr),
        str(dir(secret)),
    ]
    assert all(TEXT[:8] not in text for text in shown)
    assert all("Secret" in text or "reveal" in text for text in shown)


def test_no_traceback_or_log_line_shows_it(secret: Secret, caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("refused with", secret)
    except ValueError as error:
        caught = traceback.TracebackException.from_exception(error, capture_locals=True)
        logging.getLogger("test").exception("sending with %s failed", secret)
    text = "".join(caught.format()) + caplog.text
    assert "Secret(…)" in text
    assert TEXT[:8] not in text


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode, json.dumps])
def test_it_is_written_and_copied_nowhere(secret: Secret, write: object) -> None:
    assert callable(write)
    with pytest.raises(TypeError) as raised:
        write({"key": secret} if write not in (copy.copy,) else secret)
    assert TEXT[:8] not in str(raised.value)


def test_it_has_no_dictionary_of_attributes_for_a_debugger_to_list(secret: Secret) -> None:
    with pytest.raises(TypeError):
        vars(secret)


def test_equal_secrets_are_equal_and_nothing_else_is(secret: Secret) -> None:
    assert secret == Secret(TEXT)
    assert hash(secret) == hash(Secret(TEXT))
    assert secret != Secret("another")
    assert secret != TEXT
