"""Metrics for Prometheus: counters of this machine's processes, and numbers that the database tells when it is asked.

Nothing is counted, and nothing of the library is loaded, without METRICS_TOKEN. Each process writes its counters to
files in `DATA_DIR/metrics/<role>`; whichever process is asked adds those of all up. Those of processes that have ended
stay until the next start of their role, so that no sum falls in between.
"""

import hmac
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from phones.diga import counting
from phones.services.monitoring import HELP, gauges

PREFIX = "phone_desk_"
ROLES = ("web", "worker")
# Seconds. A list takes some 50 ms, a save twice Diga's time.
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


class _Instruments:
    """The counters of this process. Made once its role is known."""

    def __init__(self, role: str) -> None:
        from prometheus_client import Counter, Histogram

        self.role = role
        self.requests = Counter(f"{PREFIX}requests", "Requests by page and status.", ["view", "status"])
        self.seconds = Histogram(f"{PREFIX}request_seconds", "Time to an answer.", ["view"], buckets=BUCKETS)
        self.calls = Counter(f"{PREFIX}diga_calls", "Attempts to reach Diga.", ["role", "outcome"])
        self.call_seconds = Histogram(f"{PREFIX}diga_call_seconds", "Time of an attempt.", ["role"], buckets=BUCKETS)
        self.failed_sign_ins = Counter(f"{PREFIX}failed_sign_ins", "Wrong passwords and codes.", ["means"])

    def count_call(self, outcome: str, seconds: float) -> None:
        """Count an attempt to reach Diga."""
        self.calls.labels(self.role, outcome).inc()
        self.call_seconds.labels(self.role).observe(seconds)


_instruments: _Instruments | None = None


def start(role: str) -> None:
    """Begin to count in this process and those that it forks, if METRICS_TOKEN is set."""
    global _instruments
    if not settings.METRICS_TOKEN or _instruments:
        return
    folder = _folder(role)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.db"):
        if not _lives(int(path.stem.rpartition("_")[2])):
            path.unlink(missing_ok=True)
    # The library reads it when it is loaded.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    _instruments = _Instruments(role)
    counting.listeners.append(_instruments.count_call)


def count_request(view: str, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    if _instruments:
        _instruments.requests.labels(view, str(status)).inc()
        _instruments.seconds.labels(view).observe(seconds)


def count_failed_sign_in(means: str) -> None:
    """Count a wrong password or code."""
    if _instruments:
        _instruments.failed_sign_ins.labels(means).inc()


def answer(request: HttpRequest) -> HttpResponse:
    """Answer what is counted, in the text format of Prometheus; 401 without the token (`Authorization: Bearer …`)."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        response = HttpResponse(status=401)
        response["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return response
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Collector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Collector:
    """All metrics of a moment."""

    def collect(self) -> Iterator[Any]:
        """Yield the counters of all processes of this machine, then the numbers of the database."""
        from prometheus_client.core import GaugeMetricFamily
        from prometheus_client.multiprocess import MultiProcessCollector

        files = [str(path) for role in ROLES for path in _folder(role).glob("*.db")]
        yield from MultiProcessCollector.merge(files, accumulate=True)
        families: dict[str, Any] = {}
        for gauge in gauges(clock=timezone.now):
            if gauge.name not in families:
                names = list(gauge.labels)
                families[gauge.name] = GaugeMetricFamily(PREFIX + gauge.name, HELP[gauge.name], labels=names)
            families[gauge.name].add_metric(list(gauge.labels.values()), gauge.value)
        yield GaugeMetricFamily(f"{PREFIX}queue_messages", "Messages that no worker has taken.", _queue_length())
        yield from families.values()


def _queue_length() -> int:
    from huey.contrib.djhuey import HUEY

    return int(HUEY.pending_count()) if HUEY else 0


def _folder(role: str) -> Path:
    return Path(settings.DATA_DIR) / "metrics" / role


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
