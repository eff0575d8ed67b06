"""What is asked by REST is answered once each, in order, whatever the venue does."""

from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.look_ups import LOOK_UPS_MAX, LookUps
from hedge_strategy.hedger.workers import Workers
from tests.fake_venue import BTC, FakeVenue
from tests.hedger.scene import HEDGER
from tests.polling import wait_until


def test_what_is_asked_is_answered_in_order() -> None:
    told: list[ev.Event] = []
    look_ups = LookUps(FakeVenue(HEDGER), BTC, told.append, Workers("test", 4).submit)
    assert look_ups.ask(ev.LookUp(5, ("none",))) is None
    assert look_ups.ask(ev.ReadNonce()) is None
    wait_until(lambda: len(told) == 2, "both answers")
    looked_up, nonce_read = told
    assert isinstance(looked_up, ev.LookedUp)
    assert (looked_up.client_order_index, looked_up.order, looked_up.transactions) == (5, None, ())
    assert isinstance(nonce_read, ev.NonceRead)
    assert nonce_read.nonce == looked_up.next_nonce
    look_ups.end()
    assert isinstance(look_ups.ask(ev.ReadNonce()), ev.NonceReadFailed)


def test_what_is_too_much_is_said_at_once() -> None:
    look_ups = LookUps(FakeVenue(HEDGER), BTC, lambda _: None, lambda _: None)
    for index in range(LOOK_UPS_MAX):
        assert look_ups.ask(ev.LookUp(index, ())) is None
    assert isinstance(look_ups.ask(ev.LookUp(9, ())), ev.LookUpFailed)
    assert isinstance(look_ups.ask(ev.ReadNonce()), ev.NonceReadFailed)
