"""Process B of the comparisons, with nothing in it: a message comes, a signed order goes out.

    floor          one script that claims, then bytes that were signed long ago, over the socket
    sign_on_fill   the same, but signed by the venue's own library when the message has come
    usual          signed when the message has come, sent by REST with the venue's own library; no ledger

Threads and blocking sockets, as in the product; the venue's library is asynchronous and runs in a loop of its own. All
of it is done on a thread that is not the main one: on the main one each call of the signing library takes about a
millisecond longer (`signing`), which would be an unfair comparison.
"""

import asyncio
import sys
import threading
from typing import Any

import msgspec
import redis
from lighter.api.transaction_api import TransactionApi
from websockets.sync.client import connect

from bench.hops_maker import CHANNEL
from bench.signing import made_signer, signed_order

ROW = "bench:row"
SCRIPT = "return redis.call('HSET', KEYS[1], 'filled', ARGV[1], 'state', 'sent', 'payload', ARGV[2])"


class Message(msgspec.Struct):
    """What is read of a message."""

    number: int
    way: str


def main(venue_port: int, redis_port: int) -> None:
    """Runs until it is ended."""
    loop = asyncio.new_event_loop()
    url = f"http://127.0.0.1:{venue_port}"
    signer = loop.run_until_complete(made_signer(url))
    transactions: Any = TransactionApi(signer.api_client)
    client = redis.Redis(host="127.0.0.1", port=redis_port, protocol=2)
    claim = client.register_script(SCRIPT)
    kind, old = signed_order(signer, 1, 0)
    claim(keys=[ROW], args=[0, old])
    decoder = msgspec.json.Decoder(Message)
    pubsub: Any = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    pubsub.subscribe(CHANNEL)
    with connect(f"ws://127.0.0.1:{venue_port}/hedger", compression=None, proxy=None) as socket:
        sys.stdout.write('{"ready":true}\n')
        sys.stdout.flush()
        for heard in pubsub.listen():
            message = decoder.decode(heard["data"])
            number = message.number
            if message.way == "usual":
                kind, payload = signed_order(signer, number + 1, number)
                loop.run_until_complete(transactions.send_tx(tx_type=kind, tx_info=payload))
                continue
            payload = old
            if message.way == "sign_on_fill":
                kind, payload = signed_order(signer, number + 1, number)
            claim(keys=[ROW], args=[number, payload])
            data = f'{{"id":{number},"tx_type":{kind},"tx_info":{payload}}}'
            socket.send(f'{{"type":"jsonapi/sendtx","data":{data}}}')


if __name__ == "__main__":
    thread = threading.Thread(target=main, args=(int(sys.argv[1]), int(sys.argv[2])))
    thread.start()
    thread.join()  # not left to the interpreter, which would count as ending by then
