"""What B did in one market, made of what its machine was told and of what it said, for the metrics.

`heard`, `done` and `told` are called where things happen and only keep them (`tally`); what they mean is found out on
the metrics' own thread. A fill counts as unhedged from when it was first heard; one of a former owner from when the
market was gained. Of orders and hedges at most `tally.REMEMBERED_MAX` are remembered, the newest.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from hedge_strategy.coordination.ledger_rows import Busy, Finished, Nothing
from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey, OrderLine
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.hedger import events as ev
from hedge_strategy.hedger.status import HedgerCondition
from hedge_strategy.hosting.metering import put_requests_left, word_of
from hedge_strategy.tally import MarketNumbers, Tally, keep_first, keep_newest
from hedge_strategy.venues.port import SendAnswered

KEPT_EVENTS: Final = frozenset({ev.FillHeard, ev.OwnershipGained, ev.OwnershipLost, ev.LedgerLost, SendAnswered})
KEPT_COMMANDS: Final = frozenset(
    {ev.ClaimFill, ev.SignHedge, ev.StoreAsSent, ev.Send, ev.Settle, ev.SendKiller, ev.LookUp}
)
ANSWERS: Final[Mapping[type, str]] = {Claim: "claimed", Busy: "busy", Nothing: "nothing", Finished: "finished"}


@dataclass(slots=True)
class _UnderWay:
    """A hedge between its claim and its end; moments in nanoseconds, 0 where not known."""

    heard_ns: int
    claimed_ns: int
    filled_at_ms: int
    sent_ns: int = 0


class HedgerMeter:
    """One market's.

    Args:
        tally: of the process.
        market: A's, whose lots the ledger counts in.
    """

    def __init__(self, tally: Tally, market: Market) -> None:
        self._tally = tally
        self._market = market
        symbol = market.symbol
        own = MarketNumbers(tally.numbers, symbol)
        self._count, self._observe, self._put = own.count, own.observe, own.put
        # Bound once: making a bound method each time would cost half as much again.
        self._keep, self._on_event, self._on_command, self._on_state = (
            tally.keep, self._event, self._command, self._state
        )  # fmt: skip
        self._heard: OrderedDict[tuple[OrderKey, int], tuple[int, int]] = OrderedDict()
        self._under_way: OrderedDict[int, _UnderWay] = OrderedDict()
        self._open: OrderedDict[OrderKey, int] = OrderedDict()
        self._done_lots: OrderedDict[OrderKey, int] = OrderedDict()
        self._owns = False
        self._signed_now = ""
        self._known: Mapping[str, Any] = {}
        self._told_ns = 0
        tally.look_with(("hedger", symbol), self._look)

    # --- where it happens ---------------------------------------------------------------------------------------------

    def heard(self, event: ev.Event) -> None:
        """Before an event is taken in."""
        if type(event) in KEPT_EVENTS:
            self._keep(self._on_event, event)

    def done(self, command: ev.Command, answer: ev.Event | None) -> None:
        """After a command was carried out."""
        if type(command) in KEPT_COMMANDS:
            self._keep(self._on_command, command, answer)

    def told(self, state: Mapping[str, Any]) -> None:
        """What B says of itself on the status board."""
        self._keep(self._on_state, state)

    # --- later --------------------------------------------------------------------------------------------------------

    def _event(self, event: ev.Event, _also: object, at_ns: int) -> None:
        match event:
            case ev.FillHeard(fill, _, entry_id):
                self._count("hedge_fills_heard_total", "channel" if entry_id is None else "stream")
                if not self._owns or fill.filled_lots <= self._done_lots.get(fill.order, 0):
                    return
                keep_first(self._heard, (fill.order, fill.filled_lots), (at_ns, fill.filled_at_ms))
                keep_first(self._open, fill.order, at_ns)
            case ev.OwnershipGained(_, open_lines):
                self._owns = True
                for line in open_lines:
                    if line.unhedged_lots:
                        keep_first(self._open, line.order, at_ns)
            case ev.OwnershipLost():
                self._owns = False
                self._open.clear()
                if type(event) is ev.OwnershipLost:
                    self._count("hedge_lease_changes_total", "lost")
            case SendAnswered(_, outcome):
                self._count("hedge_sends_total", word_of(outcome))

    def _command(self, command: ev.Command, answer: ev.Event | None, at_ns: int) -> None:
        match command, answer:
            case ev.ClaimFill(), ev.ClaimAnswered(said):
                self._count("hedge_claims_total", ANSWERS[type(said)])
                self._claimed(command, said, at_ns)
            case ev.SignHedge(), ev.Signed(transaction):
                self._signed_now = transaction.hash
            case ev.StoreAsSent(), ev.StoredAsSent():
                self._count("hedge_signings_total", "after_claim")
            case ev.Send(), SendAnswered(_, outcome):
                self._count("hedge_sends_total", word_of(outcome))
            case ev.Send(), ev.NotSent():
                self._count("hedge_sends_total", "held_back")
            case ev.Send(transaction), None:
                self._sent(transaction, at_ns)
            case ev.Settle(), ev.Settled(line):
                self._settled(command, line, at_ns)
            case ev.SendKiller(), ev.KillerSent():
                self._count("hedge_kills_total")
            case ev.LookUp(), _:
                self._count("hedge_look_ups_total")

    def _claimed(self, command: ev.ClaimFill, said: Claim | Busy | Nothing | Finished, at_ns: int) -> None:
        fill = command.fill
        heard = self._heard.pop((fill.order, fill.filled_lots), None)
        if isinstance(said, Nothing | Finished):
            self._note_line(said.line)
        if not isinstance(said, Claim):
            return
        if heard is not None:
            self._observe("hedge_heard_to_claimed_seconds", at_ns - heard[0])
        heard_ns, filled_at_ms = heard or (0, 0)
        keep_first(self._under_way, said.client_order_index, _UnderWay(heard_ns, at_ns, filled_at_ms))
        if command.prepared is not None and said.state is IntentState.SENT:
            is_now = command.prepared.transaction.hash == self._signed_now
            self._count("hedge_signings_total", "on_fill" if is_now else "ahead")

    def _sent(self, transaction: SignedTransaction, at_ns: int) -> None:
        known = self._under_way.get(transaction.client_order_index)
        if known is None or known.sent_ns:
            return
        known.sent_ns = at_ns
        self._observe("hedge_claimed_to_sent_seconds", at_ns - known.claimed_ns)
        if known.heard_ns:
            self._observe("hedge_heard_to_sent_seconds", at_ns - known.heard_ns)
        if known.filled_at_ms:
            took_ms = max(0, self._tally.wall_ms(at_ns) - known.filled_at_ms)
            self._observe("hedge_fill_to_sent_seconds", took_ms * 1_000_000)

    def _settled(self, command: ev.Settle, line: OrderLine, at_ns: int) -> None:
        claim = command.claim
        known = self._under_way.pop(claim.client_order_index, None)
        if known is not None and known.sent_ns:
            self._observe("hedge_sent_to_settled_seconds", at_ns - known.sent_ns)
        result = "executed" if command.executed_lots >= claim.lots else "partial"
        self._count("hedge_hedges_total", result if command.executed_lots and not command.is_dead else "dead")
        executed = self._market.size_of(command.executed_lots)
        self._count("hedge_hedged_size_total", claim.maker_side.opposite.value, by=executed)
        self._note_line(line)

    def _note_line(self, line: OrderLine) -> None:
        """What the ledger says of an order."""
        keep_newest(self._done_lots, line.order, line.hedged_lots)
        if not line.unhedged_lots:
            self._open.pop(line.order, None)

    def _state(self, state: Mapping[str, Any], _also: object, at_ns: int) -> None:
        known, self._known, self._told_ns = self._known, state, at_ns
        for condition in HedgerCondition:
            self._put("hedge_state", float(state["state"] == condition.value), condition.value)
        if state["state"] == HedgerCondition.PAUSED.value != known.get("state"):
            self._count("hedge_pauses_total")
        if state["fencing"] is not None and state["fencing"] != known.get("fencing"):
            self._count("hedge_lease_changes_total", "gained")
        if state["epoch"] and known.get("epoch") and state["epoch"] != known["epoch"]:
            self._count("hedge_recounts_total")
        self._put("hedge_owner", float(state["is_owner"]))
        self._put("hedge_waiting_orders", state["waiting"])
        if state["unhedged"] is not None:
            self._put("hedge_unhedged_size", Decimal(state["unhedged"]))
        if not state["waiting"]:  # what was heard of and came to nothing that was told
            for order in [order for order, since_ns in self._open.items() if since_ns < at_ns]:
                del self._open[order]
        if state["positions"] is not None:
            self._put("hedge_position_size", Decimal(state["positions"]["hedger"]))
        put_requests_left(self._tally.numbers, state)

    def _look(self, now_ns: int) -> None:
        if self._told_ns:
            self._put("hedge_state_age_seconds", (now_ns - self._told_ns) / 1e9)
        oldest_ns = min(self._open.values(), default=now_ns)
        self._put("hedge_unhedged_age_seconds", max(0, now_ns - oldest_ns) / 1e9)
