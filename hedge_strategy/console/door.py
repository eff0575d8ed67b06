"""Which requests are let in at all, before anybody asks who sends them. Pure.

- A request for a host name that is not ours is refused: a page of another site that had its name point here
  (DNS rebinding) would otherwise count as one of ours.
- Whatever changes something, and every WebSocket, must come from a page of ours: its Origin is the host it was sent to.
  A request without an Origin does not come from a page; it is refused as well, so that there is one rule.
- `/health` and `/ready` are answered under any name, since what asks for them often has only an address.
"""

from collections.abc import Iterable
from ipaddress import ip_address

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
ANY_ADDRESS = ("0.0.0.0", "[::]")
OPEN_PATHS = ("/health", "/ready")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_BYTES_MAX = 16_384
HTTP_PORT = 80


def is_loopback(listen: str) -> bool:
    """Whether `host:port` is an address that only this machine reaches."""
    host = listen.rpartition(":")[0]
    try:
        return host in LOOPBACK or ip_address(host).is_loopback
    except ValueError:  # another name, wherever it leads
        return False


def known_hosts(listen: str, configured: Iterable[str]) -> frozenset[str]:
    """The names that are ours, with and without the port.

    Args:
        listen: `host:port` that is served.
        configured: further names, each with or without a port.
    """
    address, _, port = listen.rpartition(":")
    own = {*LOOPBACK, *({address} - set(ANY_ADDRESS))}
    ends = (f":{port}", "") if int(port) == HTTP_PORT else (f":{port}",)  # browsers leave it out
    return frozenset({f"{host}{end}".lower() for host in own for end in ends} | {host.lower() for host in configured})


class Door:
    """The rules for one address.

    Args:
        hosts: the names that are ours, in lower case; one without a port stands for any port.
    """

    def __init__(self, hosts: frozenset[str]) -> None:
        self._hosts = hosts

    def why_refused(self, method: str, path: str, host: str, origin: str | None, *, is_socket: bool = False) -> str:
        """Empty where a request is let in.

        Args:
            method: such as GET.
            path: of the request.
            host: its header Host.
            origin: its header Origin, None where there is none.
            is_socket: it wants to become a WebSocket.
        """
        if path in OPEN_PATHS and method in SAFE_METHODS and not is_socket:
            return ""
        if not self._is_ours(host):
            return "this console is not known under that name: add it to console.hosts"
        if method in SAFE_METHODS and not is_socket:
            return ""
        if origin is None or not _is_same_host(origin, host):
            return "this does not come from a page of this console"
        return ""

    def _is_ours(self, host: str) -> bool:
        host = host.lower()
        return host in self._hosts or _without_port(host) in self._hosts


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() else host


def _is_same_host(origin: str, host: str) -> bool:
    """As browsers write an Origin: scheme, host, and port where it is not the scheme's own; nothing more."""
    return origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower())
