"""A receiver of webhooks on loopback that answers as a test says, and keeps what it got."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

OK = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def status(code: int, *headers: str) -> bytes:
    """Return an answer of this status."""
    return "\r\n".join([f"HTTP/1.1 {code} -", "Content-Length: 0", "Connection: close", *headers, "", ""]).encode()


@dataclass
class Receiver:
    """What was received: for each request its line, headers and body. `answers` are used up one by one, then OK."""

    url: str
    answers: list[bytes] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    # Set by a test that lets an answer wait.
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was received, decoded."""
        return [json.loads(body) for _line, _headers, body in self.requests]

    def serve(self, connection: socket.socket) -> None:
        """Read one request and answer it. An empty answer closes the connection; `...` waits for the test first."""
        with connection, connection.makefile("rb") as stream:
            line = stream.readline().decode().strip()
            if not line:
                return
            headers: dict[str, str] = {}
            while header := stream.readline().decode().strip():
                name, _colon, value = header.partition(":")
                headers[name.lower()] = value.strip()
            self.requests.append((line, headers, stream.read(int(headers.get("content-length", 0)))))
            answer = self.answers.pop(0) if self.answers else OK
            if answer == b"...":
                self.hold.wait(30)
                return
            connection.sendall(answer)


@contextmanager
def receiver(*answers: bytes) -> Iterator[Receiver]:
    """Run a receiver."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        found = Receiver(f"http://127.0.0.1:{server.getsockname()[1]}/hook", list(answers))
        is_over = threading.Event()

        def accept() -> None:
            while not is_over.is_set():
                try:
                    connection, _peer = server.accept()
                except TimeoutError:
                    continue
                connection.settimeout(5)
                found.serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield found
        finally:
            found.hold.set()
            is_over.set()
            thread.join()
