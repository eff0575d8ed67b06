"""YAML and environment to a frozen `Config`. Every mistake is one line that names the key by its full path.

Numbers with a point are read as `Decimal`, so no price or fraction ever was a float. A key given twice is an error.
"""

import difflib
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
import yaml

from hedge_strategy.config.console import READ_TOKEN_CHARACTERS_MIN, Console
from hedge_strategy.config.journal import Journal
from hedge_strategy.config.key_file import KeysByName, from_environment
from hedge_strategy.config.lanes import KeySources, resolve_account, resolve_markets
from hedge_strategy.config.redis_place import FromEnvironment, place_of
from hedge_strategy.config.schema import Config, FileConfig, Strategy
from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import ConfigError

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(?P<field>[^`]*)`(?: - at `\$\.?(?P<path>[^`]*)`)?")
_MISSING_FIELD = re.compile(r"Object missing required field `(?P<field>[^`]*)`(?: - at `\$\.?(?P<path>[^`]*)`)?")
Kind = TypeVar("Kind", bound=msgspec.Struct)
_ANY_PROBLEM = re.compile(r"(?P<problem>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?", re.DOTALL)


class _Loader(yaml.SafeLoader):
    """YAML's plain types, with `Decimal` for numbers with a point and no key twice."""


def _construct_decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    text = str(loader.construct_scalar(node)).replace("_", "")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ConfigError("", f"line {node.start_mark.line + 1}: {text} is no number") from None


def _construct_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        name = str(key.value)
        if name in seen:
            raise ConfigError("", f"line {key.start_mark.line + 1}: the key {name} stands there twice")
        seen.add(name)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:float", _construct_decimal)
_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)


def read_config(path: Path, environment: Mapping[str, str]) -> Config:
    """Reads a configuration file.

    Args:
        path: the YAML file.
        environment: where `…_env` keys are looked up, or `<name>_FILE`, the path of a file that holds the value.

    Returns:
        The resolved configuration.

    Raises:
        ConfigError: the file is missing or no YAML, a key is unknown, missing or of the wrong type, or a private key
            is not to be found.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            "", f"{path} does not exist; copy the sample config.yaml, or name yours by --config"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("", f"{path} cannot be read: {error}") from None
    try:
        return parse_config(text, environment)
    except ConfigError as error:
        raise ConfigError(error.path, f"{error.problem} (in {path})") from None


def parse_config(text: str, environment: Mapping[str, str]) -> Config:
    """Like `read_config`, for a text already in hand."""
    written = converted(yaml_tree(text), FileConfig)
    _check_ranges(written.strategy)
    if written.lighter.account_tier not in ("standard", "premium", "plus", "builder"):
        raise ConfigError("lighter.account_tier", "expected standard, premium, plus or builder")
    if not _is_above_zero(written.lighter.maker_order_time_out):
        raise ConfigError("lighter.maker_order_time_out", "expected more than 0 seconds")
    a, b = written.accounts.account_a, written.accounts.account_b
    if (a.venue, a.account_index) == (b.venue, b.account_index):
        raise ConfigError("accounts.account_b.account_index", "A and B must be two accounts; this one is A's")

    def of_environment(name: str, path: str) -> Secret:
        return from_environment(name, environment, path)

    kept = written.key_file
    variable = kept.passphrase_env if kept is not None else ""
    sources = KeySources(of_environment, KeysByName(Path(kept.path) if kept else None, variable, environment))
    lanes_a = resolve_account(a, "accounts.account_a", sources)
    lanes_b = resolve_account(b, "accounts.account_b", sources)
    markets = resolve_markets(written, lanes_a, lanes_b)
    return Config(
        account_a=markets[0].account_a if markets else lanes_a[0],
        account_b=markets[0].account_b if markets else lanes_b[0],
        redis=place_of(written.redis, of_environment),
        lighter=written.lighter,
        strategy=written.strategy,
        state_dir=written.state_dir,
        markets=markets,
        journal=_resolved_journal(written.journal, of_environment),
        metrics=written.metrics,
        alerts=written.alerts,
        console=_resolved_console(written.console, of_environment),
    )


def yaml_tree(text: str) -> dict[str, Any]:
    """The mapping that a YAML text holds.

    Raises:
        ConfigError: it is none; names the line.
    """
    try:
        tree = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError("", f"line {line}: this is no valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigError("", f"this is no valid YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ConfigError("", "this is no valid YAML: nested too deeply") from None
    except ValueError as error:
        raise ConfigError("", f"a value is no valid date or number: {error}") from None
    if not isinstance(tree, dict):
        raise ConfigError("", "the file is empty or holds no keys; see the sample config.yaml")
    return tree


def converted(tree: dict[str, Any], kind: type[Kind]) -> Kind:
    """A tree as the struct that it should be; a text for a `Secret` is out of sight at once.

    Raises:
        ConfigError: it is not; names the path of the key.
    """
    try:
        return msgspec.convert(tree, kind, dec_hook=_decode_secret)
    except msgspec.ValidationError as error:
        raise _readable(str(error), kind) from None


def _resolved_journal(written: Journal, of_environment: FromEnvironment) -> Journal:
    if written.url is not None and written.url_env is not None:
        raise ConfigError("journal.url", "give url or url_env, not both")
    if written.url_env is None:
        return written
    return msgspec.structs.replace(written, url=of_environment(written.url_env, "journal.url_env"))


def _resolved_console(written: Console, of_environment: FromEnvironment) -> Console:
    found: dict[str, Secret | None] = {}
    for name, given, variable in (
        ("password_hash", written.password_hash, written.password_hash_env),
        ("read_token", written.read_token, written.read_token_env),
    ):
        if given is not None and variable is not None:
            raise ConfigError(f"console.{name}", f"give {name} or {name}_env, not both")
        found[name] = given if variable is None else of_environment(variable, f"console.{name}_env")
    token = found["read_token"]
    if token is not None and len(token.reveal()) < READ_TOKEN_CHARACTERS_MIN:
        raise ConfigError("console.read_token", f"expected {READ_TOKEN_CHARACTERS_MIN} characters or more")
    return msgspec.structs.replace(written, **found)


def _decode_secret(wanted: type, value: object) -> Secret:
    """Puts a key out of sight as soon as it is read, so that not even the section it stood in can print it."""
    if wanted is not Secret or not isinstance(value, str):
        raise TypeError("Expected `str` in quotes")
    return Secret(value.strip())


def _is_above_zero(number: Decimal) -> bool:
    """False for "NaN" and "Infinity" too, which the decoder takes for decimals."""
    return number.is_finite() and number > 0


def _check_ranges(strategy: Strategy) -> None:
    for name in ("poll_interval", "ws_reconnect_delay", "force_close_timeout"):
        if not _is_above_zero(getattr(strategy, name)):
            raise ConfigError(f"strategy.{name}", "expected more than 0 seconds")
    if not (_is_above_zero(strategy.max_slippage) and strategy.max_slippage < 1):
        raise ConfigError("strategy.max_slippage", "expected a fraction between 0 and 1, such as 0.005 for 0.5 %")
    for name in ("max_order_size", "max_position"):
        limit = getattr(strategy, name)
        if limit is not None and not _is_above_zero(limit):
            raise ConfigError(f"strategy.{name}", "expected more than 0, or null for no limit")


def _readable(problem: str, kind: type[msgspec.Struct]) -> ConfigError:
    """Turns the decoder's message into the path of the key and what to do."""
    if match := _UNKNOWN_FIELD.fullmatch(problem):
        path, field = match["path"] or "", match["field"]
        near = difflib.get_close_matches(field, _known_keys(path, kind), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return ConfigError(_join(path, field), f"unknown key{hint}")
    if match := _MISSING_FIELD.fullmatch(problem):
        return ConfigError(_join(match["path"] or "", match["field"]), "missing")
    match = _ANY_PROBLEM.fullmatch(problem)
    assert match is not None, "the pattern matches every text"
    text = match["problem"]
    return ConfigError(match["path"] or "", text[:1].lower() + text[1:])


def _join(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _known_keys(path: str, kind: type[msgspec.Struct]) -> list[str]:
    section = kind
    for part in filter(None, path.split(".")):
        known = {field.name: field.type for field in msgspec.structs.fields(section)}
        inner = _section_in(known.get(part.partition("[")[0]))
        if inner is None:
            return []
        section = inner
    return [field.name for field in msgspec.structs.fields(section)]


def _section_in(kind: object) -> type[msgspec.Struct] | None:
    """The section that a setting is, or that its list holds."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    return next((found for inner in get_args(kind) if (found := _section_in(inner)) is not None), None)
