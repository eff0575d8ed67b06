"""Signing with the SDK's own library: every call names its nonce and its key, so that nothing asks the network.

Importing the SDK costs a second or more of CPU and its constructor wants a running event loop, so both happen on a
thread of their own that starts with the signer; the first signature waits for it. Signing takes one to two
milliseconds and may be done from any thread, on several at once; the library works without the interpreter's lock.

The private key goes to the SDK and nowhere else: the SDK's errors about it are not repeated, because they quote it.
"""

import asyncio
import ctypes
import importlib
import sys
import threading
from dataclasses import dataclass
from typing import Any

from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.errors import SigningFailed, UserError, WireError
from hedge_strategy.venues.lighter import encode, wire
from hedge_strategy.venues.lighter.config import BEHAVIOUR_NUMBER, EQUALITY_NUMBER, LighterConfig, SelfTradeMode
from hedge_strategy.venues.lighter.encode import EncodedOrder
from hedge_strategy.venues.lighter.parse import decode

LOAD_TIMEOUT_S = 60.0
_LATE_TIMERS_NS = 10_000_000
_PR_SET_TIMERSLACK = 29  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class AuthToken:
    """A token for reads and subscriptions; its text is a credential and is never shown.

    Attributes:
        text: what is sent.
        expires_at_s: unix seconds.
    """

    text: str
    expires_at_s: int

    def __repr__(self) -> str:
        return f"AuthToken(expires_at_s={self.expires_at_s})"


class Signer:
    """One API key of one account."""

    def __init__(self, config: LighterConfig) -> None:
        """Starts loading the SDK and returns at once."""
        self._config = config
        self._self_trade: SelfTradeMode | None = None
        self._client: Any = None
        self._failure: str | None = None
        self._loaded = threading.Event()
        # Not a daemon: a process that ends while the library is being loaded would end in the middle of it.
        threading.Thread(target=self._load, name="signer-load", daemon=False).start()

    def __repr__(self) -> str:
        return f"Signer(account_index={self._config.account_index}, key_index={self._config.key_index})"

    def wait_until_loaded(self) -> None:
        """Waits for the SDK.

        Raises:
            SigningFailed: it could not be loaded, or took the key for no key.
        """
        if not self._loaded.wait(LOAD_TIMEOUT_S):
            raise SigningFailed(f"the signing library did not load within {LOAD_TIMEOUT_S:.0f} s")
        if self._failure is not None:
            raise SigningFailed(self._failure)

    def use_self_trade_mode(self, mode: SelfTradeMode) -> None:
        """Has every order signed from now on carry the mode; without one the venue's default holds."""
        self._self_trade = mode

    def sign_order(self, order: EncodedOrder, nonce: int) -> SignedTransaction:
        """Signs a create-order transaction. Raises: SigningFailed."""
        mode = self._self_trade
        self_trade = (
            {}
            if mode is None
            else {
                "self_trade_behavior_mode": BEHAVIOUR_NUMBER[mode.behaviour],
                "self_trade_equality_mode": EQUALITY_NUMBER[mode.equality],
            }
        )
        signed = self._ready().sign_create_order(
            order.market_index,
            order.client_order_index,
            order.lots,
            order.ticks,
            order.is_ask,
            order.order_type,
            order.time_in_force,
            reduce_only=order.reduce_only,
            order_expiry=order.expires_at_ms,
            nonce=self._checked(nonce),
            api_key_index=self._config.key_index,
            **self_trade,
        )
        return self._transaction(signed, nonce, order.client_order_index)

    def sign_cancel(self, market_index: int, order_or_client_index: int, nonce: int) -> SignedTransaction:
        """Signs the cancelling of one order. Raises: SigningFailed."""
        signed = self._ready().sign_cancel_order(
            market_index, order_or_client_index, nonce=self._checked(nonce), api_key_index=self._config.key_index
        )
        return self._transaction(signed, nonce)

    def sign_cancel_all(self, nonce: int, market_index: int | None) -> SignedTransaction:
        """Signs the cancelling of all orders, of one market (0 is one) or of the account. Raises: SigningFailed."""
        nil = encode.NIL_MARKET_INDEX
        return self._cancel_all(encode.CANCEL_ALL_NOW, 0, nonce, nil if market_index is None else market_index)

    def sign_dead_man(self, nonce: int, at_ms: int | None) -> SignedTransaction:
        """Signs the arming of the dead-man switch, or its disarming. Raises: SigningFailed."""
        if at_ms is None:
            return self._cancel_all(encode.CANCEL_ALL_ABORT, 0, nonce, encode.NIL_MARKET_INDEX)
        return self._cancel_all(encode.CANCEL_ALL_SCHEDULED, at_ms, nonce, encode.NIL_MARKET_INDEX)

    def auth_token(self, now_s: int, life_s: int) -> AuthToken:
        """Makes a token; no network.

        Args:
            now_s: unix seconds.
            life_s: how long it is valid, at most 8 h (venue fact sheet 1.1).

        Raises:
            SigningFailed: the library refused.
        """
        text, error = self._ready().create_auth_token_with_expiry(
            life_s, timestamp=now_s, api_key_index=self._config.key_index
        )
        if error is not None or not text:
            raise SigningFailed(f"auth token: {error}")
        return AuthToken(text, now_s + life_s)

    def matches_venue(self) -> bool:
        """Whether the venue has this very key registered; the library asks the venue itself and blocks.

        A False may also mean that the library could not read the answer: ask the venue by other means first.
        """
        return self._ready().check_client() is None

    def _load(self) -> None:
        _let_timers_be_late()
        try:
            module = importlib.import_module("lighter.signer_client")
            self._client = asyncio.run(self._build(module))
        except ImportError as error:
            self._failure = f"the signing library cannot be loaded: {error}"
        except Exception as error:  # noqa: BLE001 - the SDK raises bare Exception; its text may quote the private key
            self._failure = (
                f"the signing library refused API key {self._config.key_index} of account "
                f"{self._config.account_index} ({type(error).__name__})"
            )
        finally:
            self._loaded.set()

    async def _build(self, module: Any) -> Any:
        # The constructor opens an HTTP client that needs a running loop. We never use it and close it at once, also
        # where the constructor refuses the key half-way.
        config = self._config
        client = module.SignerClient.__new__(module.SignerClient)
        try:
            client.__init__(
                config.base_url,
                config.account_index,
                {config.key_index: config.private_key.reveal()},
                nonce_management_type=module.nonce_manager.NonceManagerType.NONE,
                chain_id=config.resolved_chain_id(),
            )
        finally:
            if hasattr(client, "api_client"):
                await client.close()
        return client

    def _ready(self) -> Any:
        if self._client is None:
            self.wait_until_loaded()
        return self._client

    def _cancel_all(self, time_in_force: int, at_ms: int, nonce: int, market_index: int) -> SignedTransaction:
        signed = self._ready().sign_cancel_all_orders(
            time_in_force,
            at_ms,
            cancel_all_market_index=market_index,
            nonce=self._checked(nonce),
            api_key_index=self._config.key_index,
        )
        return self._transaction(signed, nonce)

    @staticmethod
    def _checked(nonce: int) -> int:
        """A negative nonce would make the library ask the network for one (F27)."""
        if nonce < 0:
            raise SigningFailed(f"{nonce} is no nonce")
        return nonce

    def _transaction(
        self, signed: tuple[Any, str | None, str | None, str | None], nonce: int, client_order_index: int = 0
    ) -> SignedTransaction:
        kind, payload, tx_hash, error = signed
        if error is not None or not payload or not tx_hash:
            raise SigningFailed(error or "the signing library gave nothing back")
        try:
            info = decode(payload.encode(), wire.SignedInfo, "lighter.signed")
        except WireError as wire_error:
            raise SigningFailed(str(wire_error)) from None
        if info.nonce != nonce:
            raise SigningFailed(f"signed nonce {info.nonce} in place of {nonce}")
        return SignedTransaction(
            kind=int(kind),
            payload=payload,
            hash=tx_hash,
            nonce=nonce,
            key_index=self._config.key_index,
            expires_at_ms=info.expires_at_ms,
            client_order_index=client_order_index,
        )


def _let_timers_be_late() -> None:
    """Lets timers of this thread, and of those that it starts, come late.

    The library's runtime has a thread that looks every 20 µs for calls that hang, for as long as it signs: measured,
    two fifths of what a signature costs a process that signs now and then. Threads inherit how late their timers may
    come, so this is said before the library is loaded. It only delays what nobody here needs: a preemption in it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(_LATE_TIMERS_NS), 0, 0, 0)


def require_matching_key(signer: Signer, config: LighterConfig) -> None:
    """Raises: UserError: the venue has another key registered in this slot; says how to mend it."""
    if not signer.matches_venue():
        raise UserError(
            f"the private key is not the one registered as API key {config.key_index} of account "
            f"{config.account_index}: use the key made for that slot, or set account_index and api_key_index to its own"
        )
