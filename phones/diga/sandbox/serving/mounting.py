"""The sandbox as the adapter of a `requests` session, without a socket: for many requests in little time."""

import io
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from ..application import Sandbox
from .messages import Request
from .wire import to_bytes


class _Adapter(BaseAdapter):
    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Answer from the sandbox. Latency and faults of the wire need a `SandboxServer`."""
        parts = urlsplit(request.url or "")
        body = request.body or b""
        answer = self._sandbox.handle(
            Request(
                method=request.method or "GET",
                path=str(parts.path),
                query=dict(parse_qsl(str(parts.query), keep_blank_values=True)),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body.encode() if isinstance(body, str) else body,
            )
        )
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.raw = io.BytesIO(to_bytes(answer))
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        """Do nothing: there is no connection."""


def mounted_session(sandbox: Sandbox) -> requests.Session:
    """Return a session whose every request this sandbox answers."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(sandbox))
    return session
