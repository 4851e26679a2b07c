"""Verifying an audit log of 100,000 changes compared with only reading the same rows."""

import json

from bench.lab.processes import run as run_python
from bench.lab.sites import Lab
from bench.measuring import Goal, Report, Row, Series

TITLE = "Verifying the diary"
CHANGES = 100_000
QUICK_CHANGES = 20_000
SECONDS_LIMIT, RATIO_LIMIT, MEGABYTES_LIMIT = 5.0, 4.0, 32.0


def run(lab: Lab) -> Report:
    """Time it on every database, in a process of its own."""
    report = Report(unit="s")
    count = QUICK_CHANGES if lab.options.is_quick else CHANGES
    for site in lab.sites():
        verifying = Series(f"{site.name}: verify {count} changes")
        reading = Series(f"{site.name}: read the same rows")
        grown = 0.0
        for _ in range(min(3, lab.options.rounds)):
            log = lab.folder / f"verify-{site.name}.log"
            found = json.loads(run_python(["-m", "bench.once.verify", str(count)], site.env, log).splitlines()[-1])
            verifying.rounds.append([found["seconds"]])
            reading.rounds.append([found["reading"]])
            grown = max(grown, found["megabytes"])
        report.rows += [Row(verifying, reading), Row(reading)]
        ratio, limit = verifying.median / reading.median, SECONDS_LIMIT * count / CHANGES
        report.goals += [
            Goal(f"verify.{site.name}.ratio", f"{site.name}: verify / read", ratio, RATIO_LIMIT),
            Goal(f"verify.{site.name}.time", f"{site.name}: {count} changes", verifying.median, limit, "s"),
            Goal(f"verify.{site.name}.memory", f"{site.name}: memory on top", grown, MEGABYTES_LIMIT, "MB"),
        ]
    report.notes.append("Each change has two seals. The reading decodes the same columns in the same order.")
    return report
