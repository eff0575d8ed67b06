"""The settings and the only home of their defaults. Frozen, strict: an unknown key or a wrong type is an error.

Keys known from the first system of this kind keep their names and their unit, seconds; durations of our own carry
their unit in the name. `None` means that a limit is off.
"""

from decimal import Decimal
from typing import Annotated

import msgspec

from hedge_strategy.config.alerting import Alerting
from hedge_strategy.config.console import Console
from hedge_strategy.config.journal import Journal
from hedge_strategy.config.metrics import Metrics
from hedge_strategy.config.secret import Secret
from hedge_strategy.config.section import PositiveInt, Section
from hedge_strategy.errors import ConfigError

AccountIndex = Annotated[int, msgspec.Meta(ge=0, lt=1 << 48)]
KeyIndex = Annotated[int, msgspec.Meta(ge=0, le=254)]
Symbol = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}\Z")]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


MARKETS_MAX = 255
"""An account has no more API keys (venue fact sheet 2.3)."""
REDIS_HOST, REDIS_PORT, SENTINEL_PORT = "127.0.0.1", 6379, 26379


class ApiKey(Section, frozen=True, kw_only=True):
    """One API key of an account: a lane, on which one nonce follows the other.

    Attributes:
        index: the venue's number of the key.
        private_key: the key itself; better left out in favour of the next.
        private_key_env: name of the environment variable that holds it.
        private_key_name: name of the key in the `key_file`.
    """

    index: KeyIndex
    private_key: Secret | None = None
    private_key_env: str | None = None
    private_key_name: str | None = None


class Account(Section, frozen=True, kw_only=True):
    """One account on one venue, with one key, or with a key for each market.

    Attributes:
        account_name: shown in logs.
        venue: which venue, a name that `venues/registry` knows.
        account_index: the venue's number of the account.
        api_key_index: the lane: the API key that signs. Exclusive to one process.
        api_key_private_key: the key itself; better left out in favour of the next.
        api_key_private_key_env: name of the environment variable that holds the key.
        api_key_private_key_name: name of the key in the `key_file`.
        api_keys: instead of the four: a key for each of the `markets`.
    """

    account_index: AccountIndex
    api_key_index: KeyIndex | None = None
    account_name: str = ""
    venue: str = "lighter"
    api_key_private_key: Secret | None = None
    api_key_private_key_env: str | None = None
    api_key_private_key_name: str | None = None
    api_keys: Annotated[tuple[ApiKey, ...], msgspec.Meta(min_length=1)] | None = None


class KeyFileSection(Section, frozen=True, kw_only=True):
    """Where the private keys are kept, encrypted (`hedge keys`).

    Attributes:
        path: of the file; relative to where the process is started.
        passphrase_env: name of the environment variable that holds its passphrase, or the random key in its place.
    """

    path: Annotated[str, msgspec.Meta(min_length=1)]
    passphrase_env: str = "HEDGE_KEYS_PASSPHRASE"


class Accounts(Section, frozen=True, kw_only=True):
    """Account A, the maker, and account B, the hedger."""

    account_a: Account
    account_b: Account


class RedisTls(Section, frozen=True, kw_only=True):
    """How the way to Redis is encrypted.

    Attributes:
        ca_file: whose certificates are trusted (PEM); null: those that the system trusts.
        cert_file: our own certificate, where the server asks for one; with `key_file`.
        key_file: its private key.
        check_hostname: whether the server's certificate must name the host.
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    check_hostname: bool = True


class RedisSentinel(Section, frozen=True, kw_only=True):
    """Sentinels, which know which server is the master.

    Attributes:
        nodes: `host` or `host:port`, one at least.
        master: the name that they know it by.
        username: at the sentinels, which have logins of their own.
        password: better left out in favour of the next.
        password_env: name of the environment variable that holds it.
    """

    nodes: Annotated[list[str], msgspec.Meta(min_length=1)]
    master: Annotated[str, msgspec.Meta(min_length=1)] = "mymaster"
    username: str = ""
    password: Secret | None = None
    password_env: str | None = None


class Redis(Section, frozen=True, kw_only=True):
    """The one Redis that A and B share: by host, by URL, by its sentinels, or a cluster.

    Attributes:
        host: name or address; 127.0.0.1 where nothing else is said.
        port: 6379 where nothing else is said.
        db: number of the database; 0 where nothing else is said.
        url: instead of the three: redis://, rediss:// (TLS) or unix://; may hold user and password.
        url_env: name of the environment variable that holds the URL.
        username: of the ACL; none: the default user.
        password: better left out in favour of the next.
        password_env: name of the environment variable that holds it.
        tls: encrypts the way; rediss:// means it too.
        sentinel: the master is asked of these, and again after each failover.
        cluster: `host` or `host:port` of some servers of a cluster; the others are learnt from them.
        command_timeout_ms: how long Redis may take to answer.
        connect_timeout_ms: how long a connection may take to stand.
    """

    host: str | msgspec.UnsetType = msgspec.UNSET
    port: Port | msgspec.UnsetType = msgspec.UNSET
    db: Annotated[int, msgspec.Meta(ge=0)] | msgspec.UnsetType = msgspec.UNSET
    url: Secret | None = None
    url_env: str | None = None
    username: str = ""
    password: Secret | None = None
    password_env: str | None = None
    tls: RedisTls | None = None
    sentinel: RedisSentinel | None = None
    cluster: Annotated[list[str], msgspec.Meta(min_length=1)] | None = None
    command_timeout_ms: PositiveInt = 500
    connect_timeout_ms: PositiveInt = 2_000


class Lighter(Section, frozen=True, kw_only=True):
    """How to reach Lighter, and how long a maker order may wait.

    Attributes:
        base_url: REST.
        ws_url: WebSocket; made from `base_url` where it is left out.
        maker_order_time_out: seconds after which a resting order is cancelled and quoted again.
        chain_id: signed into every transaction; by host where it is left out (304 mainnet, 300 testnet).
        account_tier: standard, premium, plus or builder; decides the rate limits we keep (venue fact sheet 5).
        answer_timeout_ms: how long a send may go unanswered before its outcome counts as unknown.
        history_lag_ms: longer than orders and trades take to appear in the venue's history (venue fact sheet 4.2: up to
            15 s); a ledger that Redis lost is counted from there only when so long has passed.
        stale_after_ms: a socket silent for so long is taken for dead.
        dead_man_ms: A's orders are cancelled by the venue so long after A was last heard of; the venue takes no less
            than five minutes (venue fact sheet 2.1); null: the venue's dead-man switch is not used.
    """

    base_url: str = "https://mainnet.zklighter.elliot.ai"
    ws_url: str | None = None
    maker_order_time_out: Decimal = Decimal(60)
    chain_id: int | None = None
    account_tier: str = "standard"
    answer_timeout_ms: PositiveInt = 3_000
    history_lag_ms: PositiveInt = 20_000
    stale_after_ms: PositiveInt = 90_000
    dead_man_ms: PositiveInt | None = 330_000


class Strategy(Section, frozen=True, kw_only=True):
    """How A quotes and B hedges.

    Attributes:
        retry_times: how often B attempts one hedge again before the market is paused and a person told.
        poll_interval: seconds between A's looks into the ledger while a hedge is awaited.
        ws_reconnect_delay: seconds; the longest pause between two attempts to reconnect.
        force_close_timeout: seconds that positions may differ before they are corrected.
        max_slippage: how far B's worst average price may lie from the reference price, a fraction.
        max_order_size: base units of one order of A's, and of one hedge of B's.
        max_position: base units that A may build up; a hedge is never held back for it.
        lease_ms: how long a hedger owns a market without renewing.
        max_markets: of the `markets`, how many one hedger takes that was told none by name; null: all.
        self_trade_prevention: on one venue A and B never trade with each other. Where one owner holds both accounts the
            venue cancels A's order where a hedge would meet it; else A cancels the rest of a partly filled order, and
            B meanwhile takes only prices better than that order's.
        sign_ahead: B signs hedges before it claims them: of A's resting order, of fills that wait, of those that come.
        hedge_wait_ms: how long A waits for B's result before it says so in the log.
    """

    retry_times: PositiveInt = 5
    poll_interval: Decimal = Decimal(1)
    ws_reconnect_delay: Decimal = Decimal(5)
    force_close_timeout: Decimal = Decimal(30)
    max_slippage: Decimal = Decimal("0.005")
    max_order_size: Decimal | None = None
    max_position: Decimal | None = None
    lease_ms: PositiveInt = 5_000
    max_markets: PositiveInt | None = None
    self_trade_prevention: bool = True
    sign_ahead: bool = True
    hedge_wait_ms: PositiveInt = 10_000


class MarketEntry(Section, frozen=True, kw_only=True):
    """One of the markets that are traded.

    Attributes:
        symbol: such as BTC.
        account_a_key: index of the API key of A that signs here; left out: the key at the market's place in the list.
        account_b_key: the same of B. A key belongs to one market.
        quantity: size of A's opening orders, base units; left out: --quantity, or the least that the market takes.
        depth: level of the book at which A rests, 1 being the best; left out: --depth, or 1.
        max_order_size: in place of the one in `strategy`, for this market; null: no limit.
        max_position: the same.
    """

    symbol: Symbol
    account_a_key: KeyIndex | None = None
    account_b_key: KeyIndex | None = None
    quantity: Decimal | None = None
    depth: PositiveInt | None = None
    max_order_size: Decimal | msgspec.UnsetType | None = msgspec.UNSET
    max_position: Decimal | msgspec.UnsetType | None = msgspec.UNSET


class FileConfig(Section, frozen=True, kw_only=True):
    """The whole file, as written.

    Attributes:
        accounts: A's and B's.
        redis: the Redis that they share.
        lighter: the venue.
        strategy: how A quotes and B hedges.
        markets: those that are traded, each on API keys of its own; a bare symbol says nothing more. null: the one that
            --market names, on the accounts' one key.
        state_dir: folder for what must outlive Redis; relative to where the process is started.
        journal: what happened and what it earned.
        metrics: what Prometheus may read.
        alerts: what is looked for, and where it is said.
        console: where it is served, and to whom.
        key_file: where private keys are kept encrypted, and are named from `accounts`; null: nowhere.
    """

    accounts: Accounts
    key_file: KeyFileSection | None = None
    markets: Annotated[tuple[MarketEntry | Symbol, ...], msgspec.Meta(min_length=1, max_length=MARKETS_MAX)] | None = (
        None
    )
    redis: Redis = Redis()
    lighter: Lighter = Lighter()
    strategy: Strategy = Strategy()
    state_dir: Annotated[str, msgspec.Meta(min_length=1)] = ".hedge"
    journal: Journal = Journal()
    metrics: Metrics = Metrics()
    alerts: Alerting = Alerting()
    console: Console = Console()


class ResolvedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account with its key fetched from wherever it is kept."""

    account_index: int
    api_key_index: int
    account_name: str
    venue: str
    private_key: Secret


class SentinelPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where the sentinels are: host and port of each, the master's name, their login."""

    nodes: tuple[tuple[str, int], ...]
    master: str
    username: str = ""
    password: Secret | None = None


class RedisPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where Redis is: a socket in the file system, else by the sentinels, else a cluster, else host and port."""

    host: str = ""
    port: int = 0
    db: int = 0
    unix_path: str = ""
    username: str = ""
    password: Secret | None = None
    tls: RedisTls | None = None
    sentinel: SentinelPlace | None = None
    cluster: tuple[tuple[str, int], ...] = ()
    command_timeout_ms: int = 500
    connect_timeout_ms: int = 2_000


class ResolvedMarket(msgspec.Struct, frozen=True, kw_only=True):
    """One of the markets, with the keys that sign there and the limits that hold there."""

    symbol: str
    account_a: ResolvedAccount
    account_b: ResolvedAccount
    quantity: Decimal | None = None
    depth: int | None = None
    max_order_size: Decimal | None = None
    max_position: Decimal | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a process needs, resolved once at start.

    Attributes:
        account_a: with the key that signs; where there are `markets`: with the first one's, to be used for reading.
        account_b: the same of B.
        redis: where it is.
        lighter: the venue.
        strategy: how A quotes and B hedges.
        state_dir: folder for what must outlive Redis.
        markets: those that are traded, each with keys of its own; empty: whichever --market names.
        journal: with its URL, wherever that was kept, in `url`.
        metrics: what Prometheus may read.
        alerts: where the rules are.
        console: with its secrets, wherever they were kept.
    """

    account_a: ResolvedAccount
    account_b: ResolvedAccount
    redis: RedisPlace
    lighter: Lighter
    strategy: Strategy
    state_dir: str
    markets: tuple[ResolvedMarket, ...] = ()
    journal: Journal = Journal()
    metrics: Metrics = Metrics()
    alerts: Alerting = Alerting()
    console: Console = Console()

    @property
    def symbols(self) -> tuple[str, ...]:
        """The markets that are traded, in their order; empty where whichever --market names is."""
        return tuple(market.symbol for market in self.markets)

    def market(self, symbol: str) -> ResolvedMarket:
        """What is set for one market.

        Raises:
            ConfigError: the file has a list of markets, and this one is not on it.
        """
        if not self.markets:
            limits = (self.strategy.max_order_size, self.strategy.max_position)
            return ResolvedMarket(
                symbol=symbol,
                account_a=self.account_a,
                account_b=self.account_b,
                max_order_size=limits[0],
                max_position=limits[1],
            )
        for market in self.markets:
            if market.symbol == symbol:
                return market
        raise ConfigError("markets", f"{symbol} is none of them: {', '.join(self.symbols)}")

    def for_market(self, symbol: str) -> "Config":
        """The settings as they hold in one market: its keys, its limits.

        Raises:
            ConfigError: the file has a list of markets, and this one is not on it.
        """
        market = self.market(symbol)
        limits = {"max_order_size": market.max_order_size, "max_position": market.max_position}
        return msgspec.structs.replace(
            self,
            account_a=market.account_a,
            account_b=market.account_b,
            strategy=msgspec.structs.replace(self.strategy, **limits),
        )
