"""Twenty people in front of the site, who open, read again and save numbers, and watchers who time other pages."""

import itertools
import queue
import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

from bench.lab.browser import Browser, Response
from bench.lab.sites import Site
from bench.measures.saving import phones_of
from bench.measuring import Series

PEOPLE, SAVERS = 20, 5
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
        # By what was asked and the status; and the milliseconds of each save, answered well or not.
        self.answers: Counter[tuple[str, int]] = Counter()
        self.saves = Series("saves", [[]])

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
            form = browser.get(path, HX_Request="true", HX_Target="drawer")
            # While a change of the number is under way, there is no form.
            has_form = 'name="csrfmiddlewaretoken"' in form.text
            self.answers["opened" if has_form else "opened without a form", form.status] += 1
            if not has_form:
                continue
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
        self.answers["read again", answer.status] += 1

    def _save(self, browser: Browser, path: str, form: Response) -> None:
        kept = ("csrfmiddlewaretoken", "opened")
        values = {name: form.field(name) for name in kept} | {
            "form_token": str(uuid.uuid4()),
            "nickname": f"Crowd {uuid.uuid4().hex[:6]}",
            "reason": "",
            "ticket": "",
        }
        answer = browser.post(path, values, HX_Request="true", HX_Target="drawer")
        self.answers["saved", answer.status] += 1
        self.saves.rounds[-1].append(answer.took)


class Watchers:
    """Clients that load pages at fixed moments, whether the previous one has come or not: a late one hides none."""

    def __init__(self, signed_in: Browser) -> None:
        self._pool = ThreadPoolExecutor(WATCHERS)
        self._windows: queue.SimpleQueue[Browser] = queue.SimpleQueue()
        self.answers: Counter[tuple[str, int]] = Counter()
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
            loads.append((name, self._pool.submit(self._load, name, pages[name], time.perf_counter())))
        for name, load in loads:
            series[name].rounds[-1].append(load.result())

    def _load(self, name: str, path: str, due: float) -> float:
        window = self._windows.get()
        try:
            self.answers[name, window.get(path).status] += 1
        finally:
            self._windows.put(window)
        return (time.perf_counter() - due) * 1000
