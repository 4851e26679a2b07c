"""One signed POST to a receiver that a project names, after https://www.standardwebhooks.com.

Administrators of a project choose the address, and the server stands in a network of its own. So it is sent over https
to public addresses alone, and to those networks that the server's settings name. The address that is asked about is the
one that is connected to, and no redirect is followed. Nothing of the answer but its status is read, kept or shown.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from phones import diga
from phones.diga.transport import (
    TRANSPORT_ERRORS,
    AddressRefused,
    Exchange,
    all_causes,
    current_exchange,
    find_reason,
)

SECRET_PREFIX = "whsec_"  # noqa: S105 - the marker in front of a secret.
CONNECT_SECONDS, DEADLINE_SECONDS = 3.05, 10.0
LONGEST_URL = 500
# IPv6 addresses that stand for the IPv4 one in their last four bytes: NAT64, and the compatible ones of old.
_WITH_IPV4 = (ip_network("64:ff9b::/96"), ip_network("::/96"))


class NotDelivered(Exception):
    """The message did not arrive, as far as is known. `cause` is a code for `wording`."""

    def __init__(self, cause: str, status: int | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.status = status


class UnusableURL(Exception):
    """The address can't be a webhook's. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def new_secret() -> str:
    """Return a secret in the form that receivers' libraries take."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def check_url(url: str) -> None:
    """Check what can be told without asking anybody: https, a host, no name and password, no private address.

    :raises UnusableURL: it can't be used.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
        # A label that is empty or too long: the resolver raises no OSError for it.
        (host or "").encode("idna")
    except ValueError:
        raise UnusableURL("malformed") from None
    if not host or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise UnusableURL("malformed")
    if parts.username is not None or parts.fragment:
        raise UnusableURL("malformed")
    if parts.scheme not in {"https", "http"} or (parts.scheme == "http" and not settings.WEBHOOK_NETWORKS):
        raise UnusableURL("not_https")
    try:
        address = str(ip_address(host))
    except ValueError:
        return
    if not may_reach(address, is_plain=parts.scheme == "http"):
        raise UnusableURL("private")


def may_reach(address: str, *, is_plain: bool) -> bool:
    """Return whether a message may be sent to an IP address: a public one, or one of WEBHOOK_NETWORKS.

    :param is_plain: over plain http, which is for WEBHOOK_NETWORKS only.
    """
    found = ip_address(address.partition("%")[0])
    meant = _embedded(found) or found
    if any(meant in ip_network(network) for network in settings.WEBHOOK_NETWORKS):
        return True
    return not is_plain and meant.is_global and not meant.is_multicast


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to: mapped, 6to4, Teredo and the like."""
    if isinstance(address, IPv4Address):
        return None
    if any(address in network for network in _WITH_IPV4):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


@sensitive_variables("secret", "url")
def post(url: str, secret: str, *, message_id: str, at: datetime, payload: Mapping[str, Any]) -> None:
    """Send one message, within ten seconds.

    :raises NotDelivered: there was no 2xx.
    """
    try:
        check_url(url)
    except UnusableURL:
        raise NotDelivered("address_refused") from None
    body = json.dumps(payload, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "*/*",
        **signature_of(secret, message_id=message_id, timestamp=int(at.timestamp()), body=body),
    }
    status = _status_of(url, body, headers)
    if not 200 <= status < 300:
        raise NotDelivered("redirect" if 300 <= status < 400 else "gone" if status == 410 else "http_status", status)


@sensitive_variables("secret")
def signature_of(secret: str, *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows the sender, and that a message is neither altered nor old."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    mac = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


@sensitive_variables("url")
def _status_of(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    exchange = Exchange(
        is_write=True,
        deadline=time.monotonic() + DEADLINE_SECONDS,
        read_timeout=DEADLINE_SECONDS,
        may_reach=partial(may_reach, is_plain=url.startswith("http:")),
    )
    current = current_exchange.set(exchange)
    try:
        with diga.new_session(pool_size=1) as session:
            return _sent(session, url, body, headers)
    except TRANSPORT_ERRORS as error:
        is_refused = any(isinstance(cause, AddressRefused) for cause in all_causes(error))
        cause = "address_refused" if is_refused else find_reason(error, exchange).value
    finally:
        current_exchange.reset(current)
    # Not within the handler: the caught exception holds the address.
    raise NotDelivered(cause)


@sensitive_variables("url")
def _sent(session: requests.Session, url: str, body: bytes, headers: Mapping[str, str]) -> int:
    timeout = (CONNECT_SECONDS, DEADLINE_SECONDS)
    request = session.post(url, data=body, headers=dict(headers), timeout=timeout, allow_redirects=False, stream=True)
    with request as response:
        return response.status_code
