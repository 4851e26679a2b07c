"""Writing of answers to a socket, correctly or with a fault."""

import gzip
import json
import socket
import struct
import threading
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from .messages import Answer

BOMB_MEGABYTES = 200
BIG_HEADER_BYTES = 100_000
DRIP_SECONDS = 0.05


def to_bytes(answer: Answer) -> bytes:
    """Return the body as bytes."""
    if answer.body is None:
        return b""
    if isinstance(answer.body, str) and answer.content_type != "application/json":
        return answer.body.encode()
    if isinstance(answer.body, str):
        return answer.body.encode("utf-8", "surrogatepass")
    return json.dumps(answer.body, separators=(",", ":")).encode()


def head_of(answer: Answer, length: int, **more: str) -> bytes:
    """Return the status line and headers."""
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    headers = {
        "Date": formatdate(usegmt=True),
        "Content-Type": answer.content_type,
        "Content-Length": str(length),
        **answer.headers,
        **more,
    }
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def write_answer(connection: socket.socket, answer: Answer, stopping: threading.Event) -> bool:
    """Write an answer, with its fault if it has one. Return whether the connection can be kept.

    :param stopping: ends a hanging or dripping answer.
    """
    body = to_bytes(answer)
    fault = answer.wire
    match fault.kind if fault else "":
        case "hang":
            stopping.wait(fault.seconds if fault else None)
        case "reset":
            _reset(connection)
        case "truncated":
            connection.sendall(head_of(answer, len(body) + 100) + body[: len(body) // 2])
        case "drip":
            connection.sendall(head_of(answer, len(body)))
            _drip(connection, body, answer, stopping)
        case "drip_header":
            _drip(connection, head_of(answer, len(body)) + body, answer, stopping)
        case "bomb":
            bomb = _bomb()
            connection.sendall(head_of(answer, len(bomb), **{"Content-Encoding": "gzip"}) + bomb)
        case "big_header":
            connection.sendall(head_of(answer, len(body), **{"X-Big": "x" * BIG_HEADER_BYTES}) + body)
        case "":
            connection.sendall(head_of(answer, len(body)) + body)
            return True
    return False


def _drip(connection: socket.socket, data: bytes, answer: Answer, stopping: threading.Event) -> None:
    gap = answer.wire.seconds if answer.wire and answer.wire.seconds is not None else DRIP_SECONDS
    for byte in data:
        connection.sendall(bytes([byte]))
        if stopping.wait(gap):
            return


def _reset(connection: socket.socket) -> None:
    """Close with an RST instead of a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close(connection.detach())


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    """Return 200 MB of blanks in 200 kB: a gzip file may have many members."""
    return gzip.compress(b" " * 2**20, compresslevel=9) * BOMB_MEGABYTES
