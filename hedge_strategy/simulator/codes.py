"""Answer codes of the exchange with their texts (venue fact sheet 2.6).

The numbers are the venue's; the texts are ours except where a client matches on them (the SDK looks for
"invalid nonce" in the text of 21104).
"""

from enum import IntEnum


class Code(IntEnum):
    """What the API or the sequencer answers; 200 is the only good one."""

    OK = 200
    ACCOUNT_NOT_FOUND = 21100
    INVALID_NONCE = 21104
    API_KEY_NOT_FOUND = 21109
    INVALID_SIGNATURE = 21120
    INTEGRATOR_NOT_APPROVED = 21149
    TRANSACTION_NOT_FOUND = 21500
    INVALID_TX_INFO = 21501
    UNSUPPORTED_TX_TYPE = 21505
    TOO_MANY_PENDING = 21506
    BELOW_INITIAL_MARGIN = 21508
    NOT_ACTIVE_LIMIT_ORDER = 21600
    INVALID_MARKET = 21602
    INVALID_ORDER_INDEX = 21700
    INVALID_BASE_AMOUNT = 21701
    INVALID_PRICE = 21702
    INVALID_IS_ASK = 21703
    INVALID_ORDER_TYPE = 21704
    INVALID_TIME_IN_FORCE = 21705
    INVALID_ORDER_AMOUNT = 21706
    NOT_ORDER_OWNER = 21707
    ORDER_EMPTY = 21708
    INVALID_EXPIRY = 21711
    CANCEL_ALL_PENDING = 21712
    INVALID_CANCEL_ALL_TIF = 21713
    INVALID_CANCEL_ALL_TIME = 21714
    ORDER_NOT_ACTIVE = 21715
    TOO_MANY_OPEN_ORDERS = 21717
    INVALID_CLIENT_ORDER_INDEX = 21727
    CLIENT_ORDER_INDEX_EXISTS = 21728
    INVALID_REDUCE_ONLY = 21732
    FAT_FINGER = 21733
    TOO_FAR_FROM_MARK = 21734
    REDUCE_ONLY_INCREASES = 21738
    NOT_ENOUGH_MARGIN = 21739


CODE_TEXTS: dict[Code, str] = {
    Code.OK: "",
    Code.ACCOUNT_NOT_FOUND: "account not found",
    Code.INVALID_NONCE: "invalid nonce",
    Code.API_KEY_NOT_FOUND: "api key not found",
    Code.INVALID_SIGNATURE: "invalid signature",
    Code.INTEGRATOR_NOT_APPROVED: "integrator is not approved",
    Code.TRANSACTION_NOT_FOUND: "transaction not found",
    Code.INVALID_TX_INFO: "invalid transaction info",
    Code.UNSUPPORTED_TX_TYPE: "unsupported transaction type",
    Code.TOO_MANY_PENDING: "too many pending transactions",
    Code.BELOW_INITIAL_MARGIN: "account is below its initial margin",
    Code.NOT_ACTIVE_LIMIT_ORDER: "order is not an active limit order",
    Code.INVALID_MARKET: "invalid market index",
    Code.INVALID_ORDER_INDEX: "invalid order index",
    Code.INVALID_BASE_AMOUNT: "invalid base amount",
    Code.INVALID_PRICE: "invalid price",
    Code.INVALID_IS_ASK: "invalid is ask",
    Code.INVALID_ORDER_TYPE: "invalid order type",
    Code.INVALID_TIME_IN_FORCE: "invalid time in force",
    Code.INVALID_ORDER_AMOUNT: "order base or quote amount is out of range",
    Code.NOT_ORDER_OWNER: "account is not the owner of the order",
    Code.ORDER_EMPTY: "order is empty",
    Code.INVALID_EXPIRY: "invalid order expiry",
    Code.CANCEL_ALL_PENDING: "a scheduled cancel all is pending",
    Code.INVALID_CANCEL_ALL_TIF: "invalid cancel all time in force",
    Code.INVALID_CANCEL_ALL_TIME: "invalid cancel all time",
    Code.ORDER_NOT_ACTIVE: "order is not active",
    Code.TOO_MANY_OPEN_ORDERS: "too many open orders",
    Code.INVALID_CLIENT_ORDER_INDEX: "invalid client order index",
    Code.CLIENT_ORDER_INDEX_EXISTS: "client order index already exists",
    Code.INVALID_REDUCE_ONLY: "invalid reduce only",
    Code.FAT_FINGER: "price is fat-fingered",
    Code.TOO_FAR_FROM_MARK: "price is too far from the mark price",
    Code.REDUCE_ONLY_INCREASES: "reduce only order would increase the position",
    Code.NOT_ENOUGH_MARGIN: "not enough margin",
}
