"""P4, P5, P7, P8: plans of 2,000 rows compared with a script and a pool of threads, and pages loaded meanwhile."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bench.lab.processes import run as run_python
from bench.lab.sites import Lab, Site
from bench.measuring import Goal, Report, Row, Series

TITLE = "P4-P8 Plans"
CALLS = 16
CALLS_A_ROW = 2
REDIS = "redis://127.0.0.1:6379/14"
PREVIEW_ROWS = 10_000
# A script takes the same time for each row, so a part of them is run and the time multiplied.
SCRIPT_SHARE = 10


@dataclass(frozen=True)
class Work:
    """A site, and the command that runs plans of it, each in a process of its own."""

    lab: Lab
    site: Site

    def once(self, mode: str, count: int, **env: str) -> dict[str, Any]:
        """Run one mode of `bench.once.plan`, and return its figures."""
        log = self.lab.folder / f"plan-{self.site.name}.log"
        env = self.site.env | {"PLAN_CONCURRENCY": str(CALLS), "LOG_LEVEL": "ERROR"} | env
        arguments = ["-m", "bench.once.plan", mode, str(count)]
        found: dict[str, Any] = json.loads(run_python(arguments, env, log).splitlines()[-1])
        return found


def run(lab: Lab) -> Report:
    """Measure on every database: throughput, memory, sharing, previews, the first row, and a page meanwhile."""
    report = Report(unit="s")
    count = 300 if lab.options.is_quick else 2000
    for site in lab.sites():
        work = Work(lab, site)
        _time_plans(work, report, count)
        _share(work, report, count)
        _weigh(work, report, count)
        _preview(work, report)
        _start(work, report)
        _page_meanwhile(work, report, count)
    latency = lab.options.latency_ms / 1000
    report.notes.append(
        f"{count} rows, {latency * 1000:g} ms an answer, {CALLS} calls at a time. A row is read and written: physical "
        f"is {CALLS / (CALLS_A_ROW * latency):.0f} rows a second. Script and pool do the same, and keep nothing."
    )
    return report


def _time_plans(work: Work, report: Report, count: int) -> None:
    lab, name = work.lab, work.site.name
    lab.stand_in.set_latency(lab.options.latency_ms)
    plan, pool = Series(f"{name}: plan, {CALLS} calls"), Series(f"{name}: pool of {CALLS} threads")
    script = Series(f"{name}: script, one row after the other")
    cpu = 0.0
    for _ in range(min(3, lab.options.rounds)):
        part = max(10, count // SCRIPT_SHARE)
        script.rounds.append([work.once("script", part)["seconds"] * count / part])
        pool.rounds.append([work.once("pool", count)["seconds"]])
        found = work.once("run", count)
        if found["done"] != count:
            raise RuntimeError(f"{found} instead of {count} rows done")
        plan.rounds.append([found["seconds"]])
        cpu = found["cpu_ms"]
    report.rows += [Row(plan, script), Row(pool, script), Row(script)]
    physical = count * CALLS_A_ROW * lab.options.latency_ms / 1000 / CALLS
    report.goals += [
        # The goals are of speeds; as times their ratios are inverse.
        Goal(f"P4.{name}.physical", f"{name}: plan / physical", plan.median / physical, 1 / 0.9),
        Goal(f"P4.{name}.script", f"{name}: plan / script", plan.median / script.median, 1 / 10),
        Goal(f"P5.{name}", f"{name}: plan / pool of threads", plan.median / pool.median, 1 / 0.95),
        Goal(f"P7.{name}.cpu", f"{name}: processor a row, both calls", cpu, 3.0, "ms"),
    ]


def _share(work: Work, report: Report, count: int) -> None:
    """Run a plan with two workers while Diga answers at once: PostgreSQL and Redis only."""
    if work.site.name != "postgres":
        return
    work.lab.stand_in.set_latency(0)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(min(3, work.lab.options.rounds)):
        for workers, found in seconds.items():
            work.once("start", count, REDIS_URL=REDIS)
            with ThreadPoolExecutor(workers) as pool:
                ended = list(pool.map(lambda _worker: work.once("work", count, REDIS_URL=REDIS), range(workers)))
            if max(each["done"] for each in ended) != count:
                raise RuntimeError("Rows were lost between two workers")
            found.append(max(each["seconds"] for each in ended))
    one, two = Series("postgres: one worker, 0 ms"), Series("postgres: two workers, 0 ms")
    one.rounds, two.rounds = [seconds[1]], [seconds[2]]
    report.rows += [Row(one), Row(two, one)]
    report.goals.append(
        Goal("P4.share", "two workers / one, 0 ms", two.median / one.median, 1 / 1.6, is_asserted=False)
    )
    report.notes.append(
        "Workers, stand-in and database share the machine's processors, so two workers can't be twice as fast here."
    )


def _weigh(work: Work, report: Report, count: int) -> None:
    work.lab.stand_in.set_latency(0)
    much, little = (work.once("run", rows)["peak_megabytes"] for rows in (4 * count, count))
    name = work.site.name
    report.goals += [
        Goal(f"P7.{name}.memory", f"{name}: memory of {4 * count} rows / {count}", much / little, 1.1),
        Goal(f"P7.{name}.peak", f"{name}: peak memory of {4 * count} rows", much, 130.0, "MB"),
    ]


def _preview(work: Work, report: Report) -> None:
    count = min(PREVIEW_ROWS, work.lab.options.phones // 3)
    preview = Series(f"{work.site.name}: preview of {count} rows")
    for _ in range(min(3, work.lab.options.rounds)):
        preview.rounds.append([work.once("preview", count)["seconds"]])
    report.rows.append(Row(preview))
    report.goals.append(Goal(f"P4.{work.site.name}.preview", preview.name, preview.median, 3.0, "s"))


def _start(work: Work, report: Report) -> None:
    """Time the first row from the click on, with a worker that waits for the queue."""
    work.lab.stand_in.set_latency(work.lab.options.latency_ms)
    worker = work.lab.start(("manage.py", "run_huey"), work.site.env, "worker")
    first = Series(f"{work.site.name}: first row after the start")
    for _ in range(min(3, work.lab.options.rounds)):
        first.rounds.append([work.once("first", 20)["first"]])
    worker.stop()
    report.rows.append(Row(first))
    report.goals.append(Goal(f"P8.{work.site.name}", first.name, first.median, 1.0, "s"))


def _page_meanwhile(work: Work, report: Report, count: int) -> None:
    """Time the list of phones in turns without a plan and while one runs."""
    lab, site = work.lab, work.site
    lab.stand_in.set_latency(lab.options.latency_ms)
    browser = site.member()
    idle, during = Series(f"{site.name}: list, idle"), Series(f"{site.name}: list while a plan runs")

    def load() -> float:
        return browser.page(site.list_path).took / 1000

    with ThreadPoolExecutor(1) as pool:
        for _ in range(min(2, lab.options.rounds)):
            idle.rounds.append([load() for _ in range(lab.options.count(60))])
            running = pool.submit(work.once, "run", count)
            during.rounds.append([load() for _ in iter(running.running, False)])
            running.result()
    report.rows += [Row(idle), Row(during, idle)]
    ratio = during.percentile(0.95) / idle.percentile(0.95)
    report.goals.append(Goal(f"P8.{site.name}.page", f"{site.name}: list p95 while a plan runs / idle", ratio, 2.0))
