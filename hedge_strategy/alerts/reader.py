"""The file of rules, read and checked once at the start, its secrets fetched from wherever they are kept.

Every mistake is one line with the path of the key and the name of the file; no line quotes a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hedge_strategy.alerts.rules import AlertFile, problems_of
from hedge_strategy.config.key_file import from_environment
from hedge_strategy.config.reader import converted, yaml_tree
from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import ConfigError


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """The file, resolved.

    Attributes:
        file: as it is written.
        urls: of the channels, by name.
        token: of the Telegram bot; None: there is none.
    """

    file: AlertFile
    urls: Mapping[str, Secret]
    token: Secret | None


def read_alerts(path: Path, environment: Mapping[str, str], *, needs_secrets: bool = True) -> AlertSettings:
    """Reads the file.

    Args:
        path: of the YAML file.
        environment: where `url_env` and `token_env` are looked up, or `<name>_FILE`.
        needs_secrets: False: they are not fetched.

    Raises:
        ConfigError: the first of the mistakes.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError("alerts.file", f"{path} does not exist; deploy/alerts/alerts.yaml is a sample") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("alerts.file", f"{path} cannot be read: {error}") from None
    try:
        return parse_alerts(text, environment, needs_secrets=needs_secrets)
    except ConfigError as error:
        raise ConfigError(error.path, f"{error.problem} (in {path})") from None


def parse_alerts(text: str, environment: Mapping[str, str], *, needs_secrets: bool = True) -> AlertSettings:
    """Like `read_alerts`, for a text already in hand."""
    file = converted(yaml_tree(text), AlertFile)
    for problem in problems_of(file):
        raise problem
    urls: dict[str, Secret] = {}
    token = None
    if needs_secrets:
        for number, channel in enumerate(file.channels):
            where = f"channels[{number}].url_env"
            urls[channel.name] = channel.url or from_environment(channel.url_env or "", environment, where)
        if file.telegram is not None:
            bot = file.telegram
            token = bot.token or from_environment(bot.token_env or "", environment, "telegram.token_env")
    return AlertSettings(file, urls, token)
