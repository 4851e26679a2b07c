"""The web worker: gunicorn's threads, and a deadline by which a request has to have arrived.

gunicorn waits without a thread for the first byte only. A client that sends the rest byte by byte would hold a thread
for as long as it likes, and some of them all threads.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

# The largest file, 40 MB, over a line of 6 Mbit/s. A proxy that buffers hands requests on at once.
ARRIVAL_SECONDS = 60.0


class PunctualWorker(ThreadWorker):
    """Ends the reading side of connections whose request began before `ARRIVAL_SECONDS`.

    A request that has arrived is not touched by that: its answer may take longer, and the next one on the same
    connection needs a new connection.
    """

    def __init__(self, *args: Any, clock: Callable[[], float] = monotonic, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clock = clock
        self._since: dict[TConn, float] = {}

    def handle(self, conn: TConn) -> Any:
        """Read one request of a connection and answer it, in a thread of the pool."""
        self._since[conn] = self._clock()
        try:
            return super().handle(conn)
        finally:
            self._since.pop(conn, None)

    def notify(self) -> None:
        """Say to the arbiter that this process lives, about once a second; end what takes too long."""
        super().notify()
        latest = self._clock() - ARRIVAL_SECONDS
        for conn, since in list(self._since.items()):
            if since < latest:
                # A thread that waits for a byte is woken by it, and sees the end of the request.
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)
