"""The client's address and scheme behind proxies: only those in FORWARDED_ALLOW_IPS are trusted.

gunicorn uses the same variable for the scheme (`X-Forwarded-Proto`); under other servers this module reads it, too.
"""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Address = IPv4Address | IPv6Address
ANYBODY = "*"
THIS_MACHINE = "127.0.0.1"
# Removed, so that neither this project nor a library reads them: a client can send any value.
TOLD = (
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_X_CLIENT_IP",
    "HTTP_TRUE_CLIENT_IP",
)


class Proxies:
    """The trusted proxies: addresses and networks; `*` trusts the direct peer, and nobody behind it."""

    def __init__(self, texts: Iterable[str]) -> None:
        """:raises ValueError: an entry is no address, no network and not `*`."""
        texts = [text.strip() for text in texts]
        self._anybody = ANYBODY in texts
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(text) for text in texts if text != ANYBODY]

    def client(self, peer: str, forwarded_for: str) -> str:
        """Return the client's address: the last one in the chain that is no trusted proxy.

        :param peer: the other end of the connection; empty for a Unix socket.
        :param forwarded_for: `X-Forwarded-For`, to which each proxy has appended the address of its own peer.
        """
        told = [text for text in forwarded_for.split(",") if text.strip()]
        current = _address(peer) if peer else _address(THIS_MACHINE)
        is_believed = self.believes(peer)
        while is_believed and told and (before := _address(told.pop())):
            current = before
            is_believed = self._has(current)
        return str(current or peer)

    def believes(self, peer: str) -> bool:
        """Return whether the other end of the connection is a trusted proxy; empty for a Unix socket, which is one."""
        return not peer or self._anybody or self._has(_address(peer))

    def _has(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


class TrueClient:
    """Sets `REMOTE_ADDR` to the client's address, and the scheme to theirs. It has to be the first middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.proxies = Proxies(settings.FORWARDED_ALLOW_IPS)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        peer, told = request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")
        if request.META.get("HTTP_X_FORWARDED_PROTO") == "https" and self.proxies.believes(peer):
            request.META["wsgi.url_scheme"] = "https"
        request.META["REMOTE_ADDR"] = self.proxies.client(peer, told)
        for name in TOLD:
            request.META.pop(name, None)
        return self.get_response(request)


def _address(text: str) -> Address | None:
    """Parse an address as proxies write it: with a port, in brackets, or IPv4 mapped into IPv6."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
