"""The address of Diga: https, unless it is this machine."""

import ipaddress
from urllib.parse import urlsplit


def checked_base_url(base_url: str) -> str:
    """Return the address without a trailing slash. A key may be sent without TLS on this machine only.

    :raises ValueError: it is no such address.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("The address of Diga is an https URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError("The address of Diga holds no user name")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("Plain http is for a loopback address only")
    return base_url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
