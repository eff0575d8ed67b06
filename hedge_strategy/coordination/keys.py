"""Every name that this product uses in Redis, in one place.

Channels keep the names of the first system of this kind: a prefix for the kind, the market's symbol appended. Whatever
is stored for one market shares the hash tag `{SYMBOL}`, which keeps it together in a cluster; there the channels are
sharded and carry the tag too.

    hedge:account_a_filled:BTC          channel    A's fills of one market
    hedge:account_a_filled              channel    the bare old name: B hears it too, A never publishes there
    hedge:account_b_filled:BTC          channel    B's results of one market
    hedge:account_a_resting:BTC         channel    A's orders of one market, told when they rest
    hedge:{BTC}:told:fills              sharded    A's fills, in a cluster
    hedge:{BTC}:told:results            sharded    B's results, in a cluster
    hedge:{BTC}:told:resting            sharded    A's orders, in a cluster
    hedge:{BTC}:fills                   stream     A's fills, the truth; one consumer group, `hedgers`
    hedge:{BTC}:order:7:1:562950336807823  hash    a maker order and all its hedges (account : market : order index)
    hedge:{BTC}:open                    sorted set names of orders that are not fully hedged or may still fill
    hedge:{BTC}:unfinished              sorted set names of orders with a hedge that is not settled
    hedge:{BTC}:window                  hash       orders without a row: fully hedged, by name, a short entry each
    hedge:{BTC}:finished                sorted set names in the window that are final, as they came
    hedge:{BTC}:quiet                   sorted set names in the window that are not final, as they last changed
    hedge:{BTC}:quiet_rows              sorted set names of rows fully hedged but not final, as they last changed
    hedge:{BTC}:ledger                  hash       the ledger's epoch, sequence and watermark
    hedge:{BTC}:totals                  hash       sums over all orders, whether their rows still exist or not
    hedge:{BTC}:lease                   hash       who owns the market; expires
    hedge:{BTC}:maker                   string     whether A may have an order on the book; expires
    hedge:{BTC}:hedger                  string     whether the owner hedges, drains or is paused; expires
    hedge:{BTC}:resting                 string     A's newest order of one market; expires with the order's deadline
    hedge:{BTC}:memory                  string     what the owner remembers, for the hedgers that wait
    hedge:{BTC}:checkpoint:7            string     where maker account 7's history begins and how far it is handled
    hedge:{BTC}:fence                   hash       the highest fencing number given out, and to whom; never expires

Over all markets, in four slots of their own:

    hedge:commands                      channel    the id of each command of the user
    hedge:{commands}:log                stream     the newest commands
    hedge:{commands}:standing           hash       the newest command by market, `*` for all markets
    hedge:{commands}:acknowledged:<id>  hash       what became of a command, by process; expires
    hedge:{status}:states               hash       what each process says of itself
    hedge:{status}:lives                sorted set until when each of these holds
    hedge:{hedgers}:states              hash       the hedgers that share markets: what each can take
    hedge:{hedgers}:lives               sorted set until when each of these counts as alive
    hedge:{hedgers}:bell                channel    rings when a hedger comes or goes, and when a market was given back
    hedge:{alerts}:standing             hash       the alerts that fire now, by market and rule
    hedge:{alerts}:notices              hash       the newest notices of the alerter, by id
    hedge:{alerts}:order                sorted set their ids, as they came
    hedge:{alerts}:deliveries           hash       by which channels each was sent, by id
    hedge:{alerts}:keeper               string     which alerter acts; expires
    hedge:{alerts}:memory               hash       how each rule stands in each market
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from hedge_strategy.domain.hedge import OrderKey

FILL_CHANNEL = "hedge:account_a_filled"
RESULT_CHANNEL = "hedge:account_b_filled"
ANNOUNCEMENT_CHANNEL = "hedge:account_a_resting"
COMMAND_CHANNEL = "hedge:commands"
COMMAND_LOG = "hedge:{commands}:log"
COMMANDS_STANDING = "hedge:{commands}:standing"
COMMAND_ACKNOWLEDGEMENTS = "hedge:{commands}:acknowledged:"
STATUS_STATES = "hedge:{status}:states"
STATUS_LIVES = "hedge:{status}:lives"
HEDGER_STATES = "hedge:{hedgers}:states"
HEDGER_LIVES = "hedge:{hedgers}:lives"
HEDGER_BELL = "hedge:{hedgers}:bell"
ALERTS_STANDING = "hedge:{alerts}:standing"
ALERT_NOTICES = "hedge:{alerts}:notices"
ALERT_ORDER = "hedge:{alerts}:order"
ALERT_DELIVERIES = "hedge:{alerts}:deliveries"
ALERT_KEEPER = "hedge:{alerts}:keeper"
ALERT_MEMORY = "hedge:{alerts}:memory"
FILL_GROUP = "hedgers"
STREAM_FIELD = "message"
MARKETS_REMEMBERED = 512
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,31}")


@dataclass(frozen=True, slots=True)
class MarketKeys:
    """The names of everything that belongs to one market."""

    market: str
    fill_channel: str
    result_channel: str
    announcement_channel: str
    fill_shard: str
    result_shard: str
    announcement_shard: str
    fills: str
    order_prefix: str
    open_orders: str
    unfinished: str
    window: str
    finished: str
    quiet: str
    quiet_rows: str
    marker: str
    totals: str
    lease: str
    fence: str
    maker: str
    hedger: str
    resting: str
    memory: str
    checkpoint_prefix: str

    def order(self, order: OrderKey) -> str:
        """The hash of one maker order."""
        return self.order_prefix + order_name(order)


def is_symbol(market: str) -> bool:
    """Whether the text may stand for a market in names and messages: it cannot break out of a hash tag or a name."""
    return _SYMBOL.fullmatch(market) is not None


@lru_cache(maxsize=MARKETS_REMEMBERED)
def market_keys(market: str) -> MarketKeys:
    """The names of one market.

    Args:
        market: the symbol, such as `BTC`.

    Raises:
        ValueError: the symbol holds a character that has a meaning in names (such as braces or a colon).
    """
    if not is_symbol(market):
        raise ValueError(f"{market!r} cannot be the symbol of a market")
    stem = f"hedge:{{{market}}}:"
    return MarketKeys(
        market=market,
        fill_channel=f"{FILL_CHANNEL}:{market}",
        result_channel=f"{RESULT_CHANNEL}:{market}",
        announcement_channel=f"{ANNOUNCEMENT_CHANNEL}:{market}",
        fill_shard=stem + "told:fills",
        result_shard=stem + "told:results",
        announcement_shard=stem + "told:resting",
        fills=stem + "fills",
        order_prefix=stem + "order:",
        open_orders=stem + "open",
        unfinished=stem + "unfinished",
        window=stem + "window",
        finished=stem + "finished",
        quiet=stem + "quiet",
        quiet_rows=stem + "quiet_rows",
        marker=stem + "ledger",
        totals=stem + "totals",
        lease=stem + "lease",
        fence=stem + "fence",
        maker=stem + "maker",
        hedger=stem + "hedger",
        resting=stem + "resting",
        memory=stem + "memory",
        checkpoint_prefix=stem + "checkpoint:",
    )


def order_name(order: OrderKey) -> str:
    """A maker order's name inside its market, `account:market:order`."""
    return f"{order.account_index}:{order.market_index}:{order.order_index}"


def order_of_name(name: str) -> OrderKey:
    """Reads an order's name back.

    Raises:
        ValueError: it is no such name.
    """
    account_index, market_index, order_index = name.split(":")
    return OrderKey(int(account_index), int(market_index), int(order_index))
