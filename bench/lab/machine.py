"""The machine: its identity, its load, and the resources of processes."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import psutil

QUIET_BUSY_PERCENT = 12.0
QUIET_PATIENCE_SECONDS = 10.0
PACKAGES = ("django", "gunicorn", "requests", "urllib3", "pydantic", "whitenoise", "psycopg")


def fingerprint() -> dict[str, object]:
    """Return the properties of the machine on which figures depend."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def await_quiet_second() -> tuple[float, bool]:
    """Wait for a second with little load; return the load of the last one, and whether it was quiet."""
    give_up_at = time.monotonic() + QUIET_PATIENCE_SECONDS
    while True:
        busy = psutil.cpu_percent(interval=1.0)
        if busy < QUIET_BUSY_PERCENT or time.monotonic() > give_up_at:
            return busy, busy < QUIET_BUSY_PERCENT


class ForeignLoad:
    """The load by other processes while something runs: all load, without that of this process and its children."""

    def __init__(self) -> None:
        self._started = (time.monotonic(), _machine_seconds(), _own_seconds())

    def percent(self) -> float:
        """Return the share since the start. Children that ended meanwhile count as this process."""
        then, machine, own = self._started
        passed = (time.monotonic() - then) * (os.cpu_count() or 1)
        return max(0.0, 100 * (_machine_seconds() - machine - (_own_seconds() - own)) / passed)


def _machine_seconds() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "steal", 0.0))


def _own_seconds() -> float:
    # Of every process, the children it has waited for are included.
    return sum(sum(process.cpu_times()[:4]) for process in tree(os.getpid()))


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and its descendants that are alive."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def pss_megabytes(pid: int) -> float:
    """Return the proportional set size of a process and its descendants: shared pages count once."""
    return float(sum(process.memory_full_info().pss for process in tree(pid)) / 2**20)


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and its descendants, in nanosecond resolution."""
    total = 0
    for process in tree(pid):
        for task in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total / 1e9
