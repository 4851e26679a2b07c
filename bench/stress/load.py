"""`make load`: twenty people list, search, open and save numbers, while Diga is quick, then takes 9 s, then 20 s.

Run as `python -m bench.stress.load`, on loopback only, with temporary folders and databases: a stand-in Diga, the web
as gunicorn serves it, and a worker. It stops by itself, and ends what it has started. Lists and /health/ must not get
slower because others wait for Diga: their p95 is compared with that of the same people and a quick Diga.
"""

import argparse
import signal
import sys
import time
from collections import Counter

from bench.lab.machine import ForeignLoad
from bench.lab.sites import Lab, Options, Site
from bench.measuring import Series
from bench.stress.crowd import PAUSE_SECONDS, PEOPLE, SAVERS, Crowd, Watchers

TIME_LIMIT_SECONDS = 20 * 60
# What Diga takes for each answer.
LATENCIES_MS = {"quick": 0.0, "9 s": 9_000.0, "20 s": 20_000.0}
LIMIT = 1.5
DATABASES = {"sqlite": ("sqlite",), "postgres": ("postgres",), "both": ("sqlite", "postgres")}
# A save that Diga refuses, or of which no answer has come, is answered so; anything else is a fault of ours.
ANSWERED = {200, 409, 422, 502}
COLUMNS = "{:<22}{:>13}{:>13}{:>13}{:>14}{:>7}{:>9}{:>8}"


class Phase:
    """What was measured with one latency of Diga, over all rounds."""

    def __init__(self, site: Site, name: str) -> None:
        self.pages = {page: Series(f"{site.name}: {page}, Diga {name}") for page in ("list", "search", "health")}
        self.saves = Series(f"{site.name}: saves, Diga {name}")
        self.answers: Counter[tuple[str, int]] = Counter()

    @property
    def error_count(self) -> int:
        """The answers that nobody should have got."""
        return sum(count for (_what, status), count in self.answers.items() if status not in ANSWERED)

    def p95(self, page: str) -> float:
        """Return the p95 of the quietest round: waiting threads show in each round, other load does not."""
        return min(Series("", [samples]).percentile(0.95) for samples in self.pages[page].rounds)


def main() -> int:
    """Measure on each database and print; return 1 if a page misses its limit or anybody got an error."""
    arguments = _read_arguments()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(TIME_LIMIT_SECONDS)
    lab = Lab(Options(DATABASES[arguments.database], 0, arguments.phones, arguments.rounds, is_quick=False))
    try:
        verdicts = [_run(lab, site, arguments) for site in lab.sites()]
    finally:
        lab.close()
    return 0 if verdicts and all(verdicts) else 1


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="load", description="Twenty people and a slow Diga, on this machine only.")
    parser.add_argument("--database", choices=DATABASES, default="both", help="On which (both).")
    parser.add_argument("--seconds", type=float, default=15, help="How long each latency is measured a round (15).")
    parser.add_argument("--rounds", type=int, default=2, help="How often (2); the quietest is judged.")
    parser.add_argument("--phones", type=int, default=5_000, help="Phones in the project (5000).")
    return parser.parse_args()


def _run(lab: Lab, site: Site, arguments: argparse.Namespace) -> bool:
    """Measure on one database, print the table, and return whether all is within its limit."""
    server = site.serve()
    worker = lab.start(("manage.py", "run_huey"), site.env, f"worker-{site.name}")
    member = site.member(server)
    pages = {"list": site.list_path, "search": f"{site.list_path}?q=951+20+18", "health": "/health/"}
    phases = {name: Phase(site, name) for name in LATENCIES_MS}
    load = ForeignLoad()
    for _round in range(arguments.rounds):
        for name, latency in LATENCIES_MS.items():
            crowd, watchers = Crowd(site, member), Watchers(member)
            lab.stand_in.set_latency(latency)
            with crowd:
                # Until everybody is at work, and the bulkhead is full.
                time.sleep(PAUSE_SECONDS[1])
                watchers.watch(pages, phases[name].pages, arguments.seconds)
            phases[name].saves.rounds += crowd.saves.rounds
            phases[name].answers += crowd.answers + watchers.answers
    busy_percent = load.percent()
    if worker.is_over():
        raise RuntimeError(f"The worker has ended:\n{worker.tail()}")
    server.child.stop()
    worker.stop()
    return _show(site, phases, busy_percent)


def _show(site: Site, phases: dict[str, Phase], busy_percent: float) -> bool:
    print(
        f"\n{site.name}: {PEOPLE} people, {SAVERS} of whom save; {site.phone_count} phones; 2 processes of 8 threads, "
        f"one worker; others used {busy_percent:.0f} % of the machine. Milliseconds, p50 / p95."
    )
    print(COLUMNS.format("", "list", "search", "/health/", "saves", "count", "errors", "ratio"))
    quick, is_met = phases["quick"], True
    for name, phase in phases.items():
        ratio = max(phase.p95(page) / quick.p95(page) for page in ("list", "health"))
        is_met &= ratio <= LIMIT and not phase.error_count
        cells = [f"{phase.pages[page].median:.0f} / {phase.p95(page):.0f}" for page in phase.pages]
        saves = phase.saves
        saved = f"{saves.median:.0f} / {saves.percentile(0.95):.0f}" if saves.samples else "none"
        told = "" if phase is quick else f"{ratio:.2f} x"
        print(COLUMNS.format(f"Diga {name}", *cells, saved, len(saves.samples), phase.error_count, told))
    for name, phase in phases.items():
        counts = ", ".join(f"{what} {status}: {count}" for (what, status), count in sorted(phase.answers.items()))
        print(f"  Diga {name}: {counts}")
    print(f"  {'Met' if is_met else 'MISSED'}: list and /health/ p95 at most {LIMIT} x a quick Diga's, no errors.")
    sys.stdout.flush()
    return is_met


def _stop(number: int, _frame: object) -> None:
    """End as an error would: what was started is ended, too."""
    sys.exit(f"Stopped by {signal.Signals(number).name}" + (", the time is over" if number == signal.SIGALRM else ""))


if __name__ == "__main__":
    sys.exit(main())
