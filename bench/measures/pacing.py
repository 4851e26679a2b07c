"""P6: calling an API with an unknown rate limit, compared with a script's threads that obey `Retry-After`."""

import itertools
import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from bench.lab.prepare import TOKEN
from bench.lab.sites import Lab
from bench.measuring import Goal, Report, Row, Series
from phones import diga

TITLE = "P6 An unknown rate limit"
LIMITS = (20, 50, 100)
THREADS = 16
CONFIGURED = 500.0
LEARNING_SECONDS, SECONDS, QUICK_SECONDS = 10.0, 25.0, 14.0


@dataclass
class Tally:
    """When calls passed and when they were refused, in seconds since the start."""

    passed: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def use(self, limit: float, end: float) -> float:
        """Return the share of the allowed calls that passed, after the time for learning."""
        return sum(LEARNING_SECONDS <= at < end for at in self.passed) / limit / (end - LEARNING_SECONDS)

    def refusals(self, end: float) -> float:
        """Return the share of calls that were refused, after the time for learning."""
        counts = [sum(LEARNING_SECONDS <= at < end for at in times) for times in (self.passed, self.refused)]
        return counts[1] / max(1, sum(counts))


def run(lab: Lab) -> Report:
    """Call with every limit, first as a script does and then with the product's pace."""
    logging.getLogger("phones.diga").setLevel(logging.ERROR)
    report = Report(unit="calls/s")
    seconds = QUICK_SECONDS if lab.options.is_quick else SECONDS
    # One thousand phones are enough: the sandbox only has to answer.
    stand_in = lab.start_stand_in(1000)
    stand_in.set_latency(lab.options.latency_ms)
    for limit in LIMITS:
        tallies = {}
        for name, make in (("script", _script), ("desk", _desk)):
            stand_in.set_rate_limit(limit)
            tallies[name] = _tally(make(lab, stand_in.url), seconds)
        stand_in.set_rate_limit(None)
        rows = {name: Series(f"{limit}/s: {name}", [_by_second(tally, seconds)]) for name, tally in tallies.items()}
        report.rows += [Row(rows["script"]), Row(rows["desk"], rows["script"])]
        use, refusals = tallies["desk"].use(limit, seconds), tallies["desk"].refusals(seconds)
        report.goals += [
            Goal(f"P6.{limit}.use", f"{limit}/s: allowed / used", 1 / max(use, 0.01), 1 / 0.9),
            Goal(f"P6.{limit}.refused", f"{limit}/s: calls answered 429", refusals * 100, 2.0, "%"),
        ]
        report.notes += [
            f"{limit}/s, {name}: {tally.use(limit, seconds):.1%} used, {tally.refusals(seconds):.1%} answered 429"
            for name, tally in tallies.items()
        ]
    stand_in.child.stop()
    report.notes.append(
        f"{THREADS} threads, {lab.options.latency_ms:g} ms an answer, from {LEARNING_SECONDS:g} s to {seconds:g} s. "
        f"The desk is set to {CONFIGURED:g}/s; the script sleeps for Retry-After. The bucket holds a second's worth."
    )
    return report


def _by_second(tally: Tally, seconds: float) -> list[float]:
    seconds_learnt = range(int(LEARNING_SECONDS), int(seconds))
    return [float(sum(start <= at < start + 1 for at in tally.passed)) for start in seconds_learnt]


def _tally(call: Callable[[], bool], seconds: float) -> Tally:
    """Call from all threads at once, and record the results."""
    tally = Tally()
    started_at = time.monotonic()

    def work() -> None:
        while (at := time.monotonic() - started_at) < seconds:
            (tally.passed if call() else tally.refused).append(at)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def _script(_lab: Lab, url: str) -> Callable[[], bool]:
    """A plain session whose threads sleep as long as a 429 says."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {TOKEN}"
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))

    def call() -> bool:
        answer = session.get(f"{url}/v1/phone/?limit=1", timeout=60)
        if answer.status_code == 429:
            time.sleep(float(answer.headers["Retry-After"]))
        return answer.ok

    return call


def _desk(lab: Lab, url: str) -> Callable[[], bool]:
    """The product's client, which takes turns as background work does. It writes, as reads would be retried."""
    pace = diga.make_pace(str(uuid.uuid4()), CONFIGURED, sqlite_path=lab.folder / "bench-pace.sqlite3", redis_url=None)
    client = diga.DigaClient(TOKEN, base_url=url, session=diga.new_session(), pace=pace)
    phones = itertools.cycle([phone.id for phone in client.list_phones(status="assigned").data])
    calls, turn = client.with_turns_taken(), itertools.count()

    def call() -> bool:
        while not client.take_turns(1, timeout=5.0, reserve=2):
            pass
        try:
            calls.update_phone(next(phones), diga.PhoneUpdate(nickname=f"Bench {next(turn)}"))
        except diga.DigaRateLimited:
            return False
        return True

    return call
