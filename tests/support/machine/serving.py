"""The site as it is served: gunicorn in a process of its own, with the real settings."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.machine.settings import KEYS

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def gunicorn(folder: Path, said: list[str] | None = None, *, cwd: Path = ROOT, **more: str) -> Iterator[str]:
    """Run the site as it is served; yield its address. What it said is put into `said` when it has ended."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    env = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
        "SITE_URL": "https://desk.example.com",
        **KEYS,
        **more,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--no-control-socket"], cwd=cwd, env=env, stderr=subprocess.PIPE, text=True
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        _out, err = process.communicate(timeout=30)
        if said is not None:
            said.append(err)


def ask(url: str, headers: dict[str, str]) -> tuple[int, str]:
    """Return status and body of a page, or where it sends one; waits for the server to be up."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_args: object) -> None:
            return None

    opener = urllib.request.build_opener(Stay)
    for _attempt in range(600):
        try:
            # The address is of our own server.
            with opener.open(urllib.request.Request(url, headers=headers), timeout=10) as response:  # noqa: S310
                return response.status, response.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers.get("Location", "")
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError("The server did not come up")


def talk(url: str, request: bytes) -> bytes:
    """Send bytes to the server as they are, and return what it answers until it is silent; waits until it is up."""
    port = int(url.rpartition(":")[2])
    for _attempt in range(600):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(request)
                return _heard(connection)
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise AssertionError("The server did not come up")


def _heard(connection: socket.socket) -> bytes:
    connection.settimeout(2)
    heard = b""
    try:
        while piece := connection.recv(65536):
            heard += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return heard
