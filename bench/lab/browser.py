"""A minimal HTTP client: one kept connection, cookies, forms. Its own cost is small beside the server's."""

import html
import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

RETRIED = (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError)


@dataclass(frozen=True)
class Response:
    """A response, read to its end, and its time in milliseconds from the first byte sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    took: float

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def field(self, name: str) -> str:
        """Return the value of an input of the page.

        :raises LookupError: there is none.
        """
        for tag in re.findall(r"<input\b[^>]*>", self.text):
            if f'name="{name}"' in tag:
                value = re.search(r'value="([^"]*)"', tag)
                return html.unescape(value[1]) if value else ""
        raise LookupError(f"The page has no input {name!r}")


def follow(response: Response, path: str, relation: str = "next") -> str:
    """Return the address of the list's next page, or the previous; `path` itself if there is none."""
    found = re.search(rf'href="([^"]*)" rel="{relation}"', response.text)
    return html.unescape(found[1]) if found else path


class Browser:
    """A person at the site of this address."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> Response:
        """GET a page."""
        return self._send("GET", path, None, headers)

    def post(self, path: str, values: Mapping[str, str], **headers: str) -> Response:
        """POST a form."""
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._origin}
        return self._send("POST", path, urlencode(values).encode(), headers)

    def page(self, path: str, **headers: str) -> Response:
        """GET a page, and require status 200."""
        response = self.get(path, **headers)
        if response.status != 200:
            raise RuntimeError(f"GET {path}: {response.status}\n{response.text[:1500]}")
        return response

    def sign_in(self, username: str, password: str) -> None:
        """Sign in by the site's own form."""
        path = "/account/login/"
        token = self.page(path).field("csrfmiddlewaretoken")
        answer = self.post(path, {"csrfmiddlewaretoken": token, "login": username, "password": password})
        if answer.status != 302:
            raise RuntimeError(f"Signing in failed: {answer.status}\n{answer.text[:1500]}")

    def another(self) -> "Browser":
        """Return another client with the same session."""
        browser = Browser(self._origin)
        browser._cookies = dict(self._cookies)
        return browser

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Accept-Language"] = "en"
        if self._cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        was_used = self._connection.sock is not None
        try:
            return self._exchange(method, path, body, sent)
        except RETRIED:
            # The server closes connections that were idle for its `keepalive`.
            self._connection.close()
            if not was_used:
                raise
            return self._exchange(method, path, body, sent)

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Response:
        started_at = time.perf_counter()
        self._connection.request(method, path, body, dict(headers))
        answer = self._connection.getresponse()
        content = answer.read()
        took = (time.perf_counter() - started_at) * 1000
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return Response(answer.status, dict(answer.headers), content, took)
