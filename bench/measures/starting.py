"""P19 and P20: the time of a cold start, and the memory of the whole product when idle."""

import statistics
import time

from bench.lab.machine import pss_megabytes
from bench.lab.processes import run as run_python
from bench.lab.sites import Lab, Site
from bench.measuring import Goal, Report, Row, Variant, interleave

TITLE = "P19, P20 Start and memory"


def run(lab: Lab) -> Report:
    """Time cold starts, and measure the memory of web and worker after some use."""
    site = lab.site("sqlite")
    if site is None:
        raise RuntimeError("SQLite is always there")
    empty = lab.env | {"BENCH_EMPTY_DATABASE": str(lab.folder / "empty.sqlite3")}

    def start_ours() -> float:
        server = site.serve()
        server.child.stop()
        return server.ready_ms

    def start_empty() -> float:
        server = lab.serve(empty, "bench.lab.empty_app:application")
        server.child.stop()
        return server.ready_ms

    def check() -> float:
        started_at = time.perf_counter()
        run_python(["manage.py", "check"], site.env, lab.folder / "check.log")
        return (time.perf_counter() - started_at) * 1000

    series = interleave(
        [
            Variant("gunicorn, 2 workers, until it answers", start_ours, 1, warm_up=0),
            Variant("the same with an empty project", start_empty, 1, warm_up=0),
            Variant("manage.py check", check, 1, warm_up=0),
        ],
        max(3, lab.options.rounds) if lab.options.is_quick else lab.options.rounds + 2,
    )
    ours, bare, checked = series.values()
    web, worker = _weigh(lab, site)
    return Report(
        rows=[Row(ours, bare), Row(bare), Row(checked)],
        goals=[
            Goal("P19.start", "cold start / empty project", ours.median / bare.median, 2.0),
            Goal("P19.check", "manage.py check", checked.median, 1000.0, "ms"),
            Goal("P20.memory", "whole product idle, PSS", web + worker, 220.0, "MB"),
        ],
        notes=[f"PSS: web (3 processes) {web:.0f} MB, worker {worker:.0f} MB, after pages, saves' forms and a sync"],
    )


def _weigh(lab: Lab, site: Site) -> tuple[float, float]:
    """Return the megabytes of web and worker, after both have done their usual work."""
    lab.stand_in.set_latency(0)
    server = site.serve()
    worker = lab.start(("manage.py", "run_huey"), site.env | {"WORKER_THREADS": "4"}, "worker")
    browsers = [site.member(server) for _ in range(4)]
    for browser in browsers:
        page = browser.page(site.list_path)
        phone_id = page.text.partition('<tr id="phone-')[2][:36]
        for path in (f"{site.list_path}{phone_id}/", site.list_path + "?q=clinica", "/account/"):
            browser.page(path)
    sync_path = site.list_path.removesuffix("phones/") + "sync/"
    browsers[0].post(sync_path, {"csrfmiddlewaretoken": page.field("csrfmiddlewaretoken")})
    _await_idle(worker.pid, server.child.pid)
    sizes = pss_megabytes(server.child.pid), pss_megabytes(worker.pid)
    server.child.stop()
    worker.stop()
    return sizes


def _await_idle(*pids: int) -> None:
    """Wait until the sync is over and the sizes are constant for three seconds. At most a minute."""
    recent: list[float] = []
    for _ in range(60):
        recent = [*recent[-2:], sum(pss_megabytes(pid) for pid in pids)]
        if len(recent) == 3 and statistics.pstdev(recent) < 0.2:
            return
        time.sleep(1)
