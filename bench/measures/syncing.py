"""P9 to P13: copying every phone, the first time and again, its memory, and saves meanwhile."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from bench.lab.prepare import TOKEN
from bench.lab.processes import run as run_python
from bench.lab.sites import Lab, Site
from bench.measures.saving import DIRECT_SHARE, Editor
from bench.measuring import Goal, Report, Row, Series

TITLE = "P9-P13 Sync"
PAGE_SIZE = 100
WALKERS = (8, 16)
# A script takes the same time for each page, so a tenth of them is read and the time multiplied.
SCRIPT_SHARE = 10
# Up to so many phones, each figure is measured several times.
FEW = 20_000
# An editor works through one page of the list, which has so many rows.
EDITED_COUNT = 50
FIRST_LIMITS = {("sqlite", 8): 10.0, ("sqlite", 16): 7.0, ("postgres", 8): 10.0, ("postgres", 16): 9.0}


@dataclass(frozen=True)
class Work:
    """A site, and the command that runs syncs of it, each in a process of its own."""

    lab: Lab
    site: Site

    def once(self, mode: str, *, walkers: int = WALKERS[0], pages: int | None = None, **env: str) -> dict[str, Any]:
        """Run one sync (see `bench.once.sync`) and return its figures."""
        arguments = ["-m", "bench.once.sync", mode, *([str(pages)] if pages else [])]
        log = self.lab.folder / f"sync-{self.site.name}.log"
        env = self.site.env | {"SYNC_WALKERS": str(walkers), "LOG_LEVEL": "ERROR"} | env
        found: dict[str, Any] = json.loads(run_python(arguments, env, log).splitlines()[-1])
        return found

    def first(self, *, walkers: int = WALKERS[0]) -> dict[str, Any]:
        """Delete the phones, sync, and return the figures of the sync."""
        self.once("empty")
        return self.once("sync", walkers=walkers)


def run(lab: Lab) -> Report:
    """Measure on every database: first syncs between scripts, repeats, memory, edits."""
    report = Report(unit="s")
    for site in lab.sites():
        work = Work(lab, site)
        peak = _time_syncs(work, report)
        _edit_meanwhile(work, report)
        # Last, as the smaller sandbox doesn't have the edited phones.
        _weigh(work, report, peak)
    seconds = lab.options.phones / PAGE_SIZE * lab.options.latency_ms / 1000
    report.notes.append(
        f"{lab.options.phones} phones, {lab.options.latency_ms:g} ms an answer. The physical fetch is pages x latency "
        f"/ walkers: {', '.join(f'{seconds / walkers:.2f} s with {walkers}' for walkers in WALKERS)}. The script reads "
        f"1/{SCRIPT_SHARE} of the pages, one after the other, with an ORM upsert each; its time is multiplied. Times "
        "are of the sync alone, in a process of its own, without its start."
    )
    return report


def _time_syncs(work: Work, report: Report) -> float:
    """Time everything in turns, and return the peak memory of a first sync with the default number of cursors."""
    lab, name = work.lab, work.site.name
    pages = lab.options.phones // PAGE_SIZE
    lab.stand_in.set_latency(lab.options.latency_ms)
    names = {
        "script": f"{name}: sequential script, first sync",
        **{f"first {walkers}": f"{name}: first sync, {walkers} walkers" for walkers in WALKERS},
        **{f"repeat {walkers}": f"{name}: repeat, 1 % changed, {walkers} walkers" for walkers in WALKERS},
        **{f"fetch {walkers}": f"{name}: fetch alone, {walkers} walkers" for walkers in WALKERS},
    }
    series = {key: Series(text) for key, text in names.items()}
    excess = peak = 0.0
    for _ in range(_rounds(lab)):
        part = max(1, pages // SCRIPT_SHARE)
        work.once("empty")
        script = work.once("script", pages=part)
        series["script"].rounds.append([script["seconds"] * pages / part])
        for walkers in WALKERS:
            series[f"fetch {walkers}"].rounds.append([work.once("fetch", walkers=walkers)["seconds"]])
            first_time = work.first(walkers=walkers)
            series[f"first {walkers}"].rounds.append([first_time["seconds"]])
            peak = max(peak, first_time["peak_megabytes"] if walkers == WALKERS[0] else 0.0)
            changed_count = _change_one_percent(lab)
            repeat = work.once("sync", walkers=walkers)
            series[f"repeat {walkers}"].rounds.append([repeat["seconds"]])
            excess = max(excess, repeat["written"] / changed_count)
    report.rows += [Row(found, series["script"]) for found in series.values()]
    physical = pages * lab.options.latency_ms / 1000
    script_seconds = series["script"].median
    for walkers in WALKERS:
        first, repeat_seconds = series[f"first {walkers}"].median, series[f"repeat {walkers}"].median
        key, floor = f"{name}.{walkers}", physical / walkers
        report.goals += [
            Goal(f"P9.{key}.script", f"{name}, {walkers}: first / sequential script", first / script_seconds, 0.14),
            Goal(f"P9.{key}.floor", f"{name}, {walkers}: first / physical fetch", first / floor, 2.2),
            Goal(f"P9.{key}.time", f"{name}, {walkers}: first sync", first, FIRST_LIMITS[name, walkers], "s"),
            Goal(f"P10.{key}", f"{name}, {walkers}: repeat / physical fetch", repeat_seconds / floor, 1.3),
        ]
    report.goals.append(Goal(f"P10.{name}.written", f"{name}: rows written / rows changed", excess, 1.1))
    return peak


def _rounds(lab: Lab) -> int:
    """Return the number of rounds: syncs of many phones last so long that one is a fair sample."""
    return 1 if lab.options.phones > FEW else min(3, lab.options.rounds)


def _change_one_percent(lab: Lab) -> int:
    """Give every hundredth phone a new nickname in the sandbox, and return their number."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {TOKEN}"
    lab.stand_in.set_latency(0)
    count = 0
    after: dict[str, str] = {}
    while True:
        page = session.get(
            f"{lab.stand_in.url}/v1/phone/", params={"limit": str(PAGE_SIZE), **after}, timeout=60
        ).json()
        changed = session.patch(
            f"{lab.stand_in.url}/_sandbox/phones/{page['data'][0]['id']}",
            json={"nickname": f"Bench {time.monotonic_ns()}"},
            timeout=60,
        )
        changed.raise_for_status()
        count += 1
        if not page["has_more"]:
            lab.stand_in.set_latency(lab.options.latency_ms)
            return count
        after = {"after": page["last_id"]}


def _weigh(work: Work, report: Report, much: float) -> None:
    """Compare the peak memory of a first sync with that of one a tenth as large."""
    lab, name = work.lab, work.site.name
    small = lab.start_stand_in(lab.options.phones // 10)
    work.once("empty")
    little = work.once("sync", DIGA_API_URL=small.url)["peak_megabytes"]
    small.child.stop()
    report.notes.append(f"{name}: peak memory of a first sync {little:.0f} MB with a tenth of the phones")
    report.goals += [
        Goal(f"P12.{name}.peak", f"{name}: peak memory of a first sync", much, 160.0, "MB"),
        Goal(f"P12.{name}.growth", f"{name}: the same / with a tenth of the phones", much / little, 1.1),
    ]


def _edit_meanwhile(work: Work, report: Report) -> None:
    """Time saves of nicknames, in turns without a sync and during first syncs."""
    lab, site = work.lab, work.site
    lab.stand_in.set_latency(lab.options.latency_ms)
    editor = Editor(site, site.server, DIRECT_SHARE)
    # From here on these phones have a history, so a first sync leaves them to the editor.
    for _ in range(EDITED_COUNT):
        editor.save_nickname()
    idle, during = Series(f"{site.name}: edit, idle"), Series(f"{site.name}: edit during a first sync")
    with ThreadPoolExecutor(1) as pool:
        for _ in range(_rounds(lab)):
            work.once("empty")
            idle.rounds.append([editor.save_nickname() / 1000 for _ in range(lab.options.count(60))])
            syncing = pool.submit(work.once, "sync")
            during.rounds.append([editor.save_nickname() / 1000 for _ in iter(syncing.running, False)])
            syncing.result()
    report.rows += [Row(idle), Row(during, idle)]
    ratio = during.percentile(0.99) / idle.percentile(0.99)
    report.goals.append(Goal(f"P13.{site.name}", f"{site.name}: edit p99 during a sync / idle", ratio, 2.0))
    report.notes.append(f"{site.name}: {len(during.samples)} saves during syncs, none failed")
