"""For monitors: does the process live, is it ready, do its database and disk work; and the metrics."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from threading import Lock

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError, connection, connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from dashboard.monitoring import disk, machines, metrics
from dashboard.monitoring.readiness import CHECKED, Fault, faults

DATABASE_SECONDS = 1.0


@require_safe
@login_not_required
def health(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the database answers, else 503. Nothing about projects is included.

    A nearly full disk is reported with 200: a restart would not help, and everything still works.
    """
    room = "low" if disk.is_low() else "ok"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return JsonResponse({"database": "down", "disk": room}, status=503)
    return JsonResponse({"database": "up", "disk": room})


class Readiness:
    """Looks for faults in a thread of its own, so that a database that hangs holds no thread of the web.

    While one look hangs, no other is begun.
    """

    def __init__(self, look: Callable[[], list[Fault]] = faults, seconds: float = DATABASE_SECONDS) -> None:
        self._look, self._seconds = look, seconds
        self.differences: list[machines.Difference] = []
        self._pool: ThreadPoolExecutor | None = None
        self._running: Future[list[Fault]] | None = None
        self._lock = Lock()

    def faults(self) -> list[Fault]:
        """Return what is wrong; that the database hangs, if the answer doesn't come in time."""
        with self._lock:
            # Made here, not when the program is loaded: threads don't survive a fork.
            self._pool = self._pool or ThreadPoolExecutor(1, "readiness")
            if self._running is None or self._running.done():
                self._running = self._pool.submit(self._look_once)
            running = self._running
        try:
            return running.result(timeout=self._seconds)
        except TookTooLong:
            return [Fault("database", f"The database took more than {self._seconds:g} s.")]

    def _look_once(self) -> list[Fault]:
        try:
            found = self._look()
            self.differences = [] if found else machines.compare("web")
            return found
        finally:
            connections.close_all()


class Probes:
    """Answers /health/live, /health/ready and /metrics before anything reads the host, the session or the database.

    So they answer by any name and address, over http and https, and the first also while the database hangs. There is
    no /metrics without METRICS_TOKEN.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.readiness = Readiness()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in {"GET", "HEAD"}:
            match request.path.rstrip("/"):
                case "/health/live":
                    return _uncached(JsonResponse({"status": "live"}))
                case "/health/ready":
                    return _uncached(self._ready())
                case "/metrics" if settings.METRICS_TOKEN:
                    return _uncached(metrics.answer(request))
        return self.get_response(request)

    def _ready(self) -> JsonResponse:
        """Answer 200 with each thing checked, or 503; the log and the commands say what to do about it."""
        found = {fault.what for fault in self.readiness.faults()}
        state = {what: "wrong" if what in found else "ok" for what in CHECKED}
        # Red would take all machines away, and not only the one that is wrong.
        state["settings"] = "differ between machines" if self.readiness.differences else "ok"
        status = "not ready" if found else "ready"
        return JsonResponse({"status": status, "version": settings.VERSION, **state}, status=503 if found else 200)


def _uncached(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
