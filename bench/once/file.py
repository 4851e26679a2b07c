"""One file in a process of its own, exported or read back; prints time and memory as JSON.

Run as `python -m bench.once.file MODE KIND COUNT FILE` with `DJANGO_SETTINGS_MODULE=bench.lab.settings`. Modes:
`export` writes the first COUNT phones to FILE, and prints when the first piece came; `import` reads FILE and compares
every row with our copy, every tenth renamed; `read` only parses it, with `csv` or calamine alone.
"""

import csv
import io
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import django


def main() -> None:
    """Run the mode of the command line."""
    django.setup()
    mode, kind, count, path = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started_at = time.perf_counter()
    found = MODES[mode](kind, count, path)
    figures = {
        "seconds": time.perf_counter() - started_at,
        "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begun) / 1024,
        "child_megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(figures | found))


def _export(kind: str, _count: int, path: Path) -> dict[str, Any]:
    from django.utils import timezone

    from phones.models import Project
    from phones.services.exchange import phone_export
    from phones.services.finding.phone_list import Criteria
    from phones.services.routing.catalogue import catalogue_of

    project = Project.objects.get()
    make = phone_export.csv_lines if kind == "csv" else phone_export.xlsx_chunks
    started_at = time.perf_counter()
    first = 0.0
    with path.open("wb") as file:
        for piece in make(project=project, criteria=Criteria(), catalogue=catalogue_of(project), now=timezone.now()):
            first = first or time.perf_counter() - started_at
            file.write(piece.encode() if isinstance(piece, str) else piece)
    return {"first": first}


def _edit(_kind: str, count: int, path: Path) -> dict[str, Any]:
    """Rename every tenth phone of a CSV, and write the first COUNT rows as CSV and as a workbook."""
    from xlsxwriter import Workbook

    with path.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = list(csv.reader(file))[: count + 1]
    place = head.index("nickname")
    for row in rows[::10]:
        row[place] += " (nueva)"
    with path.with_suffix(f".{count}.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    book = Workbook(str(path.with_suffix(f".{count}.xlsx")), {"constant_memory": True})
    sheet = book.add_worksheet("phones")
    for line, row in enumerate([head, *rows]):
        for column, cell in enumerate(row):
            sheet.write_string(line, column, cell)
    book.close()
    return {"rows": len(rows)}


def _import(_kind: str, count: int, path: Path) -> dict[str, Any]:
    from phones.models import Project
    from phones.services.exchange.import_columns import is_head
    from phones.services.exchange.phone_import import draft_from_table
    from phones.services.routing.catalogue import catalogue_of
    from phones.services.tables.read import read_table

    project = Project.objects.get()
    table = read_table(path.read_bytes(), path.name, is_head=is_head)
    draft = draft_from_table(
        project=project, table=table, catalogue=catalogue_of(project), can_label=True, can_route=True
    )
    if (len(draft.rows), draft.problems) != (-(-count // 10), []):
        raise RuntimeError(f"{len(draft.rows)} rows and {len(draft.problems)} problems")
    return {}


def _read(kind: str, _count: int, path: Path) -> dict[str, Any]:
    from python_calamine import CalamineWorkbook

    if kind == "csv":
        return {"rows": len(list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))))}
    return {"rows": len(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python())}


MODES = {"export": _export, "edit": _edit, "import": _import, "read": _read}

if __name__ == "__main__":
    main()
