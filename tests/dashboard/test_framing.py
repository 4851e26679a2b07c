"""Where a request ends: the server refuses what a proxy in front of it could read otherwise (request smuggling)."""

import re
from collections.abc import Iterator

import pytest

from tests.support.machine.serving import ask, gunicorn, talk

SECOND = b"GET /health/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
AMBIGUOUS = {
    "two ways": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "length with a sign": b"Content-Length: +5\r\n\r\n",
    "unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n",
    "coding behind a blank": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "folded header": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "coding of an old version": b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site as it is served."""
    with gunicorn(tmp_path_factory.mktemp("data"), SITE_URL="http://127.0.0.1:8000") as url:
        # The first request takes longer.
        ask(f"{url}/health/", {})
        yield url


def statuses(heard: bytes) -> list[bytes]:
    """Return the status of each answer."""
    return re.findall(rb"HTTP/1\.1 (\d+) ", heard)


@pytest.mark.parametrize("end", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_ambiguous_request_is_refused_with_all_that_follows(url: str, end: bytes) -> None:
    version = b"1.0" if end is AMBIGUOUS["coding of an old version"] else b"1.1"

    heard = talk(url, b"GET /health/ HTTP/" + version + b"\r\nHost: 127.0.0.1\r\n" + end + SECOND)

    assert statuses(heard) in ([b"400"], [b"501"])


@pytest.mark.parametrize(
    "end", [b"\r\n", b"Content-Length: 2\r\n\r\nab", b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"]
)
def test_clear_request_leaves_the_next_one_alone(url: str, end: bytes) -> None:
    heard = talk(url, b"GET /health/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + end + SECOND)

    assert statuses(heard) == [b"200", b"200"]
