"""Lists, search and /health/ with 20 people who open and save numbers, while Diga takes 9 s for each answer.

Compared with the same people and a quick Diga, from which waiting threads must not differ; and with nobody, which also
shows what the people's own pages cost on this machine.
"""

import itertools
import queue
import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

from bench.browser import Browser, Response
from bench.lab import Lab, Site
from bench.measuring import Goal, Report, Row, Series
from bench.saving import phones_of

TITLE = "Twenty people in front of a Diga that takes 9 s"
LATENCY_MS = 9000.0
PEOPLE, SAVERS = 20, 5
LIMIT = 1.5
KINDS = NOBODY, QUICK, SLOW = "nobody there", "Diga quick", "Diga slow"
PHASES, PHASE_SECONDS = 3, 8.0
# A person reads a number before opening the next one, and opens no third one while two are being read.
PAUSE_SECONDS = (2.0, 6.0)
READS_AT_ONCE = 2
WATCHERS, TICK_SECONDS = 16, 0.1


class Crowd:
    """People who open one number after the other, some of whom save it, until they are told to stop."""

    def __init__(self, site: Site, signed_in: Browser) -> None:
        self._site = site
        self._signed_in = signed_in
        self._phone_ids = phones_of(signed_in, site, 0)
        self._is_over = threading.Event()
        self.answers: Counter[str] = Counter()

    def __enter__(self) -> "Crowd":
        self._is_over.clear()
        self._pool = ThreadPoolExecutor(PEOPLE * (1 + READS_AT_ONCE))
        self._people = [self._pool.submit(self._live, number) for number in range(PEOPLE)]
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        for person in self._people:
            person.result()
        self._pool.shutdown()

    def _live(self, number: int) -> None:
        chance = random.Random(number)
        browser = self._browser()
        reads: list[Future[None]] = []
        while not self._is_over.wait(chance.uniform(*PAUSE_SECONDS)):
            path = f"{self._site.list_path}{chance.choice(self._phone_ids)}/"
            form = browser.page(path, HX_Request="true", HX_Target="drawer")
            reads = [read for read in reads if not read.done()]
            if len(reads) < READS_AT_ONCE:
                reads.append(self._pool.submit(self._read_again, path, form))
            if number < SAVERS:
                self._save(browser, path, form)
        for read in reads:
            read.result()

    def _browser(self) -> Browser:
        """Return another client with the same session."""
        return self._signed_in.another()

    def _read_again(self, path: str, form: Response) -> None:
        """Request the fragment that an opened page requests by itself, in parallel."""
        browser = self._browser()
        values = {"csrfmiddlewaretoken": form.field("csrfmiddlewaretoken")}
        answer = browser.post(f"{path}reread/", values, HX_Request="true", HX_Target="read-state")
        browser.close()
        self.answers[f"reads, {answer.status}"] += 1

    def _save(self, browser: Browser, path: str, form: Response) -> None:
        kept = ("csrfmiddlewaretoken", "opened")
        values = {name: form.field(name) for name in kept} | {
            "form_token": str(uuid.uuid4()),
            "nickname": f"Crowd {uuid.uuid4().hex[:6]}",
            "reason": "",
            "ticket": "",
        }
        answer = browser.post(path, values, HX_Request="true", HX_Target="drawer")
        self.answers[f"saves, {answer.status}"] += 1


def run(lab: Lab) -> Report:
    """Time the three pages on every database: without people, with them, and with them and a slow Diga."""
    report = Report()
    phases, seconds = (1, PHASE_SECONDS / 2) if lab.options.is_quick else (PHASES, PHASE_SECONDS)
    for site in lab.sites():
        _measure(lab, site, phases, seconds, report)
    report.notes.append(
        f"{PEOPLE} people, {SAVERS} of whom save, in front of 2 processes of 8 threads; a slow Diga takes "
        f"{LATENCY_MS / 1000:g} s for every answer. Judged is the quietest phase, against a quick Diga."
    )
    return report


def _measure(lab: Lab, site: Site, phases: int, seconds: float, report: Report) -> None:
    member = site.member()
    pages = {
        "list": site.list_path,
        "search": f"{site.list_path}?q=951+20+18",
        "/health/": "/health/",
    }
    crowd, watchers = Crowd(site, member), Watchers(member)
    series = {kind: {name: Series(f"{site.name}: {name}, {kind}") for name in pages} for kind in KINDS}
    for _phase in range(phases):
        lab.stand_in.set_latency(0)
        watchers.watch(pages, series[NOBODY], seconds)
        for kind, latency in ((QUICK, 0.0), (SLOW, LATENCY_MS)):
            lab.stand_in.set_latency(latency)
            with crowd:
                # Until everybody is at work, and the bulkhead is full.
                time.sleep(PAUSE_SECONDS[1])
                watchers.watch(pages, series[kind], seconds)
                lab.stand_in.set_latency(0)
    _report(site.name, series, report)
    counts = ", ".join(f"{what}: {count}" for what, count in sorted(crowd.answers.items()))
    report.notes.append(f"{site.name}: what the people got, by status: {counts}")


def _report(site_name: str, series: dict[str, dict[str, Series]], report: Report) -> None:
    for name in series[NOBODY]:
        nobody, quick, slow = (series[kind][name] for kind in KINDS)
        report.rows += [Row(nobody), Row(quick, nobody), Row(slow, quick)]
        key, p95 = f"crowd.{site_name}.{name.strip('/')}", [_p95(found) for found in (nobody, quick, slow)]
        report.goals += [
            Goal(key, f"{site_name}: {name}, p95, Diga slow / quick", p95[2] / p95[1], LIMIT),
            Goal(f"{key}.nobody", f"{site_name}: {name}, p95", p95[2] / p95[0], LIMIT, is_asserted=False),
        ]
        told = ", ".join(f"{kind} {each:.0f} ms" for kind, each in zip(KINDS, p95, strict=True))
        report.notes.append(f"{site_name}: {name}, p95: {told}")


def _p95(series: Series) -> float:
    """Return the p95 of the quietest phase: waiting threads show in each phase, other load does not."""
    return min(Series("", [samples]).percentile(0.95) for samples in series.rounds)


class Watchers:
    """Clients that load pages at fixed moments, whether the previous one has come or not: a late one hides none."""

    def __init__(self, signed_in: Browser) -> None:
        self._pool = ThreadPoolExecutor(WATCHERS)
        self._windows: queue.SimpleQueue[Browser] = queue.SimpleQueue()
        for _number in range(WATCHERS):
            self._windows.put(signed_in.another())

    def watch(self, pages: dict[str, str], series: dict[str, Series], seconds: float) -> None:
        """Load the pages in turn for so long, and wait for the last responses."""
        for found in series.values():
            found.rounds.append([])
        loads = []
        start = time.perf_counter()
        names = itertools.cycle(pages)
        for tick in itertools.takewhile(lambda tick: tick < seconds, itertools.count(0, TICK_SECONDS)):
            time.sleep(max(0.0, start + tick - time.perf_counter()))
            name = next(names)
            loads.append((name, self._pool.submit(self._load, pages[name], time.perf_counter())))
        for name, load in loads:
            series[name].rounds[-1].append(load.result())

    def _load(self, path: str, due: float) -> float:
        window = self._windows.get()
        try:
            window.page(path)
        finally:
            self._windows.put(window)
        return (time.perf_counter() - due) * 1000
