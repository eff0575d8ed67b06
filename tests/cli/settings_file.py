"""A settings file for command tests: right in itself, its addresses answered by nobody."""

from pathlib import Path

KEYS = {"HEDGE_TEST_KEY_A": "a1" * 40, "HEDGE_TEST_KEY_B": "b2" * 40}

TEXT = """
accounts:
  account_a: {account_index: 1, api_key_index: 4, api_key_private_key_env: HEDGE_TEST_KEY_A}
  account_b: {account_index: 2, api_key_index: 4, api_key_private_key_env: HEDGE_TEST_KEY_B}
redis: {host: 127.0.0.1, port: 1}
lighter: {base_url: 'http://127.0.0.1:1'}
"""


def write_settings(folder: Path, text: str = TEXT) -> Path:
    """Writes it and returns its path."""
    path = folder / "config.yaml"
    path.write_text(text)
    return path
