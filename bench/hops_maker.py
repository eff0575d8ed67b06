"""Process A of the comparisons, with nothing in it: a frame comes, a message goes to Redis.

For `floor` and `sign_on_fill` one script appends it to a stream and publishes it; for `usual` it is only published.
Threads and blocking sockets, as in the product.
"""

import sys

import msgspec
import redis
from websockets.sync.client import connect

CHANNEL = "bench:fills"
STREAM = "bench:stream"
STREAM_MAX = 10_000
MESSAGE_BYTES = 400
"""As long as the product's message of a fill."""
SCRIPT = """redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'message', ARGV[2])
return redis.call('PUBLISH', ARGV[1], ARGV[2])"""


class Frame(msgspec.Struct):
    """What is read of a frame."""

    number: int
    way: str


def main(venue_port: int, redis_port: int) -> None:
    """Runs until it is ended."""
    client = redis.Redis(host="127.0.0.1", port=redis_port, protocol=2)
    publish = client.register_script(SCRIPT)
    publish(keys=[STREAM], args=["bench:warm", "x", STREAM_MAX])
    decoder = msgspec.json.Decoder(Frame)
    with connect(f"ws://127.0.0.1:{venue_port}/maker", compression=None, proxy=None) as socket:
        while True:
            frame = decoder.decode(socket.recv(decode=False))
            start = f'{{"number":{frame.number},"way":"{frame.way}","fill":"'
            message = start + "x" * (MESSAGE_BYTES - len(start) - 2) + '"}'
            if frame.way == "usual":
                client.publish(CHANNEL, message)
            else:
                publish(keys=[STREAM], args=[CHANNEL, message, STREAM_MAX])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
