"""The venue's own signer, for tests that compare against it. Nothing here touches the network."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import lighter
from lighter.signer_client import SignerClient

UNREACHABLE_URL = "http://127.0.0.1:1"
MAINNET_CHAIN_ID = 304


@dataclass(frozen=True)
class Signed:
    tx_type: int
    tx_info: dict[str, Any]
    tx_hash: str


def created_key() -> tuple[str, str]:
    """A key pair of the SDK's making: private and public, 0x + 80 hex each."""
    private_key, public_key, error = lighter.create_api_key()
    assert error is None
    return private_key, public_key


@contextmanager
def sdk_signer(private_key: str, account_index: int = 7, api_key_index: int = 4) -> Iterator[SignerClient]:
    """A SignerClient that can sign; any URL but the venue's own gives chain id 304."""

    async def build() -> SignerClient:
        return SignerClient(UNREACHABLE_URL, account_index, {api_key_index: private_key})

    async def close(client: SignerClient) -> None:
        await client.close()

    with asyncio.Runner() as runner:
        client = runner.run(build())
        try:
            yield client
        finally:
            runner.run(close(client))


def signed(answer: tuple[Any, Any, Any, Any]) -> Signed:
    tx_type, tx_info, tx_hash, error = answer
    assert error is None, error
    return Signed(int(tx_type), json.loads(tx_info), tx_hash.removeprefix("0x"))
