"""Exports and imports of 10,000 and 100,000 rows: time and memory, against `csv` and calamine alone."""

import json
from typing import Any

from bench.lab.processes import run as run_python
from bench.lab.sites import Lab, Site
from bench.measuring import Goal, Report, Row, Series

TITLE = "Files"
SIZES = (10_000, 100_000)
# An import looks up every row and compares each of its cells; a parser alone does neither.
RATIOS = {"csv": 60.0, "xlsx": 20.0}
GROWTH, MEGABYTES_EXPORT, MEGABYTES_IMPORT = 13.0, 64.0, 400.0


def run(lab: Lab) -> Report:
    """Measure on every database, each step in a process of its own."""
    report = Report(unit="s")
    for site in lab.sites():
        sizes = [size for size in SIZES if size <= site.phone_count] or [site.phone_count]
        _exports(lab, site, report)
        used = sizes[:1] if lab.options.is_quick else sizes
        for kind in RATIOS:
            medians = [_imports(lab, site, report, kind, size) for size in used]
            if len(medians) > 1:
                text = f"{site.name}: {kind} of ten times the rows"
                report.goals.append(Goal(f"files.{site.name}.{kind}.growth", text, medians[-1] / medians[0], GROWTH))
    report.notes.append("A tenth of the rows is renamed. A workbook is read by a process of its own.")
    return report


def _once(lab: Lab, site: Site, mode: str, kind: str, size: int, name: str) -> dict[str, Any]:
    arguments = ["-m", "bench.once.file", mode, kind, str(size), str(site.folder / name)]
    env = site.env | {"LOG_LEVEL": "ERROR"}
    found: dict[str, Any] = json.loads(
        run_python(arguments, env, lab.folder / f"file-{site.name}.log").splitlines()[-1]
    )
    return found


def _exports(lab: Lab, site: Site, report: Report) -> None:
    for kind in ("csv", "xlsx"):
        whole, first = Series(f"{site.name}: export as {kind}"), Series(f"{site.name}: its first byte")
        megabytes = 0.0
        for _ in range(min(3, lab.options.rounds)):
            found = _once(lab, site, "export", kind, site.phone_count, f"export.{kind}")
            whole.rounds.append([found["seconds"]])
            first.rounds.append([found["first"]])
            megabytes = max(megabytes, found["megabytes"])
        report.rows += [Row(whole), Row(first, whole)]
        key, text = f"files.{site.name}.{kind}.memory", f"{site.name}: memory of the {kind} of {site.phone_count}"
        report.goals.append(Goal(key, text, megabytes, MEGABYTES_EXPORT, "MB"))
    for size in SIZES:
        _once(lab, site, "edit", "csv", min(size, site.phone_count), "export.csv")


def _imports(lab: Lab, site: Site, report: Report, kind: str, size: int) -> float:
    """Measure one size, and return the median of the import."""
    importing, reading = Series(f"{site.name}: import {size} rows of {kind}"), Series(f"{site.name}: parse them alone")
    name, megabytes = f"export.{size}.{kind}", 0.0
    for _ in range(min(3, lab.options.rounds)):
        found = _once(lab, site, "import", kind, size, name)
        importing.rounds.append([found["seconds"]])
        megabytes = max(megabytes, found["megabytes"])
        reading.rounds.append([_once(lab, site, "read", kind, size, name)["seconds"]])
    report.rows += [Row(importing, reading), Row(reading)]
    ratio = importing.median / reading.median
    report.goals += [
        Goal(f"files.{site.name}.{kind}.{size}", f"{site.name}: import {size} of {kind} / parse", ratio, RATIOS[kind]),
        Goal(
            f"files.{site.name}.{kind}.{size}.memory",
            f"{site.name}: memory of the import of {size} of {kind}",
            megabytes,
            MEGABYTES_IMPORT,
            "MB",
        ),
    ]
    return importing.median
