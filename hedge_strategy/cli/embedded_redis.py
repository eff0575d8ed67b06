"""The embedded Redis of the demo, a process of its own: `python -m hedge_strategy.cli.embedded_redis`.

Promises: one JSON line on standard output with its port once it listens, on the loopback interface only; SIGINT and
SIGTERM end it.

Known limits: it forgets everything when it ends, and passes a published message on up to 10 ms later than a real
server does. It is for the demo, never for money.
"""

import os
import signal
import sys
import threading
from types import FrameType

import msgspec
from fakeredis import TcpFakeServer


def main() -> None:
    """Serves until a signal ends it."""
    server = TcpFakeServer(("127.0.0.1", 0))
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    threading.Thread(target=server.serve_forever, name="embedded-redis", daemon=True).start()
    sys.stdout.write(msgspec.json.encode({"port": server.server_address[1]}).decode() + "\n")
    sys.stdout.flush()
    stop.wait()
    server.shutdown()
    # Threads of connections that clients left open would be waited for; nothing here outlives the process anyway.
    os._exit(0)


if __name__ == "__main__":
    main()
