"""What one signature of the venue's own library costs, in a process that does nothing else; prints one JSON object.

    python -m bench.signing COUNT

On the main thread each call into the library costs several times as much as on any other: on each entry its runtime
asks for the bounds of the thread's stack, for which the C library reads the process' memory map, but only for the main
thread (the times are measured, the reason is inferred). So the cost is that on another thread; that on the main one is
told beside it.
"""

import asyncio
import importlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

ACCOUNT_INDEX = 1
KEY_INDEX = 4
WARM_UP = 50
PACED = 100
PACED_PER_S = 20
"""As often as fills are asked for: what is done now and then finds the processor's caches full of other things."""


async def made_signer(url: str, account_index: int = ACCOUNT_INDEX, private_key: str | None = None) -> Any:
    """The library's client, with a key of its own making unless one is given; asks no network."""
    module = importlib.import_module("lighter.signer_client")
    if private_key is None:
        private_key, _, error = module.create_api_key()
        if error is not None:
            raise RuntimeError(error)
    none = module.nonce_manager.NonceManagerType.NONE
    return module.SignerClient(url, account_index, {KEY_INDEX: private_key}, nonce_management_type=none)


def signed_order(signer: Any, client_order_index: int, nonce: int, *, is_ask: bool = True) -> tuple[int, str]:
    """A market order such as a hedge: type and bytes."""
    price = 1_000_000 if is_ask else 1_200_000
    kind, payload, _, error = signer.sign_create_order(
        1, client_order_index, 20, price, is_ask, 1, 0, order_expiry=0, nonce=nonce, api_key_index=KEY_INDEX
    )
    if error is not None:
        raise RuntimeError(error)
    return int(kind), str(payload)


def _measure(signer: Any, count: int, pause_s: float = 0) -> dict[str, float]:
    for number in range(WARM_UP):
        signed_order(signer, number + 1, number)
    began_ns, cpu_ns = time.perf_counter_ns(), time.process_time_ns()
    for number in range(count):
        if pause_s:
            time.sleep(pause_s)
        signed_order(signer, number + 1, number)
    wall_ms = (time.perf_counter_ns() - began_ns) / 1e6
    return {"wall_ms": wall_ms / count, "cpu_ms": (time.process_time_ns() - cpu_ns) / 1e6 / count}


async def _unconnected_signer() -> Any:
    signer = await made_signer("http://127.0.0.1:1")
    await signer.close()
    return signer


def main(count: int) -> dict[str, float]:
    """Signs so many times on a thread of its own, so many there but now and then, and so many on the main one."""
    signer = asyncio.run(_unconnected_signer())
    with ThreadPoolExecutor(1) as thread:
        elsewhere = thread.submit(_measure, signer, count).result()
        paced = thread.submit(_measure, signer, min(count, PACED), 1 / PACED_PER_S).result()
    main_thread_ms = _measure(signer, count)["wall_ms"]
    return {**elsewhere, "paced_cpu_ms": paced["cpu_ms"], "main_thread_ms": main_thread_ms}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]))) + "\n")
