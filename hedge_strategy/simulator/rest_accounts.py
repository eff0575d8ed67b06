"""REST: accounts, keys, nonces, limits (venue fact sheet 1.2). Positions here never lag behind."""

from aiohttp import web

from hedge_strategy.simulator.answers import (
    INVALID_PARAM,
    RequestRefused,
    good,
    integer_of,
    limit_of,
    market_of,
    required_integer,
    required_text,
    text_of,
)
from hedge_strategy.simulator.api import Api, Call
from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.funding_log import FundingLog, payment_object
from hedge_strategy.simulator.model import Account
from hedge_strategy.simulator.wire_accounts import account_object, api_key_object, detailed_account_object

ALL_KEYS = 255
EMPTY_KEY = "0" * 80


def register(api: Api, funding: FundingLog) -> None:
    """Adds the endpoints of this module."""
    calls = Accounts(api, funding)
    api.get("account", calls.account)
    api.get("accountsByL1Address", calls.by_l1_address)
    api.get("accountLimits", calls.limits)
    api.get("accountMetadata", calls.metadata)
    api.get("apikeys", calls.api_keys)
    api.get("nextNonce", calls.next_nonce)
    api.get("positionFunding", calls.position_funding)
    api.get("getMakerOnlyApiKeys", calls.maker_only_keys)
    api.post("setMakerOnlyApiKeys", calls.set_maker_only_keys)
    api.post("changeAccountTier", calls.change_tier)


class Accounts:
    """The endpoints; each takes a `Call` and answers or raises RequestRefused."""

    def __init__(self, api: Api, funding: FundingLog) -> None:
        self._api = api
        self._host = api.host
        self._funding = funding

    async def account(self, call: Call) -> web.Response:
        """`account` by index or l1_address, with positions."""
        by, value = required_text(call.values, "by"), required_text(call.values, "value")
        if by == "index":
            accounts = [self._required(required_integer(call.values, "value"))]
        elif by == "l1_address":
            accounts = self._of_l1_address(value)
        else:
            raise RequestRefused(INVALID_PARAM, "invalid param: by must be index or l1_address")
        active_only = text_of(call.values, "active_only") in ("true", "True", "1")
        shown = [
            detailed_account_object(one, self._is_master(one), self._host.markets, active_only) for one in accounts
        ]
        return good({"total": len(shown), "accounts": shown, "next_cursor": ""})

    async def by_l1_address(self, call: Call) -> web.Response:
        """`accountsByL1Address`: the master and its sub-accounts."""
        address = required_text(call.values, "l1_address")
        accounts = self._of_l1_address(address)
        shown = [account_object(one, self._is_master(one)) for one in accounts]
        return good({"l1_address": accounts[0].l1_address, "sub_accounts": shown})

    async def limits(self, call: Call) -> web.Response:
        """`accountLimits`: tier and fees in 1e-6."""
        account = self._own(call)
        tier = self._host.config.exchange.tiers[account.tier]
        return good(
            {
                "max_llp_percentage": 25,
                "user_tier": account.tier,
                "user_tier_name": account.tier,
                "can_create_public_pool": False,
                "max_llp_amount": "0",
                "current_maker_fee_tick": tier.maker_fee_rate,
                "current_taker_fee_tick": tier.taker_fee_rate,
                "effective_lit_stakes": "0",
                "leased_lit": "0",
                "user_tier_last_update": account.created_ns // 1_000_000,
                "bo_user_tier_name": account.tier,
                "bo_fee_rate": 0,
            }
        )

    async def metadata(self, call: Call) -> web.Response:
        """`accountMetadata` by index or l1_address."""
        by, value = required_text(call.values, "by"), required_text(call.values, "value")
        accounts = (
            self._of_l1_address(value)
            if by == "l1_address"
            else [self._required(required_integer(call.values, "value"))]
        )
        names = (
            *("account_index", "name", "description", "can_invite", "referral_points_percentage", "created_at"),
            *("can_rfq", "can_rfq_market_ids", "metadata", "agent_enabled"),
        )
        full = [detailed_account_object(one, True, self._host.markets) for one in accounts]
        return good({"account_metadatas": [{name: one[name] for name in names} for one in full]})

    async def api_keys(self, call: Call) -> web.Response:
        """`apikeys`: one slot, or all (255 or absent); an empty slot has an all-zero key."""
        account = self._required(required_integer(call.values, "account_index"))
        wanted = integer_of(call.values, "api_key_index")
        if wanted is None or wanted == ALL_KEYS:
            keys = [api_key_object(key) for key in self._host.read.api_keys(account.account_index)]
            return good({"api_keys": keys})
        key = self._host.read.api_key(account.account_index, wanted)
        if key is not None:
            return good({"api_keys": [api_key_object(key)]})
        empty = {
            "account_index": account.account_index,
            "api_key_index": wanted,
            "nonce": 0,
            "public_key": EMPTY_KEY,
            "transaction_time": 0,
        }
        return good({"api_keys": [empty]})

    async def next_nonce(self, call: Call) -> web.Response:
        """`nextNonce`."""
        account = self._required(required_integer(call.values, "account_index"))
        key_index = required_integer(call.values, "api_key_index")
        nonce = self._host.read.next_nonce(account.account_index, key_index)
        if nonce is None:
            raise RequestRefused(int(Code.API_KEY_NOT_FOUND), "api key not found")
        return good({"nonce": nonce})

    async def position_funding(self, call: Call) -> web.Response:
        """`positionFunding`, newest first."""
        account = self._own(call)
        limit = limit_of(call.values, 100)
        market_index = market_of(call.values)
        before = integer_of(call.values, "cursor")
        found = [
            (number, paid)
            for number, paid in self._funding.of_account(account.account_index)
            if (before is None or number < before) and market_index in (None, paid.market_index)
        ]
        shown = [payment_object(number, paid, self._host.markets[paid.market_index]) for number, paid in found[:limit]]
        made = {"position_fundings": shown}
        return good({**made, "next_cursor": str(found[limit - 1][0])} if len(found) > limit else made)

    async def maker_only_keys(self, call: Call) -> web.Response:
        """`getMakerOnlyApiKeys`."""
        account = self._own(call)
        return good({"api_key_indexes": sorted(self._host.door.maker_only_keys(account.account_index))})

    async def set_maker_only_keys(self, call: Call) -> web.Response:
        """`setMakerOnlyApiKeys`: `api_key_indexes` as `[4,5]` or `4,5`; a taker order of such a key is 62007."""
        account = self._own(call)
        text = (text_of(call.values, "api_key_indexes") or "").strip("[] ")
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
            raise RequestRefused(INVALID_PARAM, "invalid param: api_key_indexes is not a list of key indexes")
        self._host.door.set_maker_only_keys(account.account_index, {int(part) for part in parts})
        return good({"api_key_indexes": sorted(int(part) for part in parts)})

    async def change_tier(self, call: Call) -> web.Response:
        """`changeAccountTier`: fees and delays from the next transaction on."""
        account = self._own(call)
        tier = required_text(call.values, "new_tier")
        if tier not in self._host.config.exchange.tiers:
            raise RequestRefused(INVALID_PARAM, f"invalid param: unknown tier {tier}")
        self._host.exchange.set_tier(account.account_index, tier, call.received_ns)
        return good({})

    # -- parts -------------------------------------------------------------------------------------------------------

    def _own(self, call: Call) -> Account:
        account = self._required(required_integer(call.values, "account_index"))
        self._api.authorize(call, account.account_index)
        return account

    def _required(self, account_index: int) -> Account:
        account = self._host.read.account(account_index)
        if account is None:
            raise RequestRefused(int(Code.ACCOUNT_NOT_FOUND), "account not found")
        return account

    def _of_l1_address(self, address: str) -> list[Account]:
        accounts = self._host.read.accounts_by_l1_address(address)
        if not accounts:
            raise RequestRefused(int(Code.ACCOUNT_NOT_FOUND), "account not found")
        return accounts

    def _is_master(self, account: Account) -> bool:
        family = self._host.read.accounts_by_l1_address(account.l1_address)
        return not family or family[0].account_index == account.account_index
