"""A channel by apprise over real sockets: what arrives, why not, and that nothing of its URL is ever shown."""

import logging

import pytest

from hedge_strategy.alerts.channel import AppriseChannel, Message, message_of
from hedge_strategy.config.secret import Secret
from hedge_strategy.coordination.alert_board import (
    AlertNotice,
)
from hedge_strategy.domain.alert import (
    AlertState,
    AlertType,
    Severity,
)
from hedge_strategy.errors import UserError
from tests.alerts.listener import hanging, listening

MESSAGE = Message("[CRITICAL] it BTC", "größer als 10", Severity.CRITICAL)
SECRET = "very-secret-word"


def channel(port: int, timeout_s: float = 5.0) -> AppriseChannel:
    return AppriseChannel(Secret(f"json://user:{SECRET}@127.0.0.1:{port}/{SECRET}-path"), timeout_s, "ops")


def test_a_message_arrives() -> None:
    with listening() as service:
        assert channel(service.port).send(MESSAGE) == ""
        (body,) = service.bodies
    assert (body["title"], body["message"], body["type"]) == (MESSAGE.title, MESSAGE.body, "failure")


def test_why_it_did_not_arrive_is_told_without_the_url(caplog: pytest.LogCaptureFixture, capfd: object) -> None:
    with listening() as service:
        service.status = 503
        refused = channel(service.port).send(MESSAGE)
    away = channel(service.port).send(MESSAGE)
    assert "503" in refused
    assert away
    shown = refused + away + repr(channel(service.port)) + caplog.text
    assert SECRET not in shown
    assert not logging.getLogger("apprise").propagate
    said = f"no route to user:{SECRET}@127.0.0.1/{SECRET}-path"
    assert channel(service.port).masked(said).startswith("no route to")
    assert SECRET not in channel(service.port).masked(said)


def test_one_that_never_answers_is_given_up() -> None:
    with hanging() as port:
        assert channel(port, timeout_s=0.1).send(MESSAGE) != ""


@pytest.mark.parametrize("url", [f"nonsense://{SECRET}", SECRET, f"tgram://{SECRET}", "json://"])
def test_a_url_that_apprise_cannot_read_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(UserError, match="channel ops") as caught:
        AppriseChannel(Secret(url), 1.0, "ops")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("tgram://123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/12315544", "Telegram"),
        ("feishu://abcdefghijklmnopqrstuvwxyz", "Feishu"),
        ("lark://abcdefghijklmnopqrstuvwxyz", "Lark (Feishu)"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "Discord"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack"),
        ("mailtos://user:password@example.com", "E-Mail"),
    ],
)
def test_the_services_that_people_use_are_known(url: str, service: str) -> None:
    assert AppriseChannel(Secret(url), 1.0, "ops").service == service


def test_a_notice_is_said_with_what_matters_first() -> None:
    notice = AlertNotice(
        name="daily-loss",
        type=AlertType.RISK,
        severity=Severity.CRITICAL,
        market="BTC",
        text="lost 11",
        state=AlertState.FIRING,
        since_ms=1,
        at_ms=1,
        action="pause",
    )
    assert message_of(notice) == Message("[CRITICAL] daily-loss BTC", "lost 11 (action: pause)", Severity.CRITICAL)
    assert message_of(notice, is_again=True).title == "[CRITICAL (still)] daily-loss BTC"
