"""The list as a file, narrowed as the address says."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypedDict

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from phones.access import Desk, DeskRequest, open_desk
from phones.models import Project
from phones.services.exchange import phone_export
from phones.services.finding.phone_list import Criteria, matching
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.views.parts.lists.address import criteria_from, suffix_of
from phones.views.parts.lists.columns import COLUMNS, is_shown
from phones.views.parts.lists.exporting import CSV, export

SHOWN = "shown"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_GET
def phone_export_csv(request: DeskRequest, slug: str) -> StreamingHttpResponse:
    """Send what is filtered as CSV, while it is read."""
    desk = open_desk(request, slug)
    wanted = _wanted(request, desk)
    return _file(desk, wanted, "csv", CSV, phone_export.csv_lines(**wanted))


@require_GET
def phone_export_xlsx(request: DeskRequest, slug: str) -> StreamingHttpResponse:
    """Send what is filtered as a sheet."""
    desk = open_desk(request, slug)
    wanted = _wanted(request, desk)
    return _file(desk, wanted, "xlsx", XLSX, phone_export.xlsx_chunks(**wanted))


class _Wanted(TypedDict):
    project: Project
    criteria: Criteria
    catalogue: Catalogue
    now: datetime
    columns: Sequence[str]


def _wanted(request: DeskRequest, desk: Desk) -> _Wanted:
    """Return what the address asks for: everything, or with `columns=shown` what the list shows."""
    criteria = criteria_from(request.GET)
    columns: Sequence[str] = phone_export.COLUMNS
    if request.GET.get("columns") == SHOWN:
        columns = phone_export.columns_shown(column.code for column in COLUMNS if is_shown(column, criteria))
    return {
        "project": desk.project,
        "criteria": criteria,
        "catalogue": catalogue_of(desk.project),
        "now": timezone.now(),
        "columns": columns,
    }


def _file(
    desk: Desk, wanted: _Wanted, kind: str, content_type: str, content: Iterable[str | bytes]
) -> StreamingHttpResponse:
    """Return an answer that is kept as a file; its name sorts by day."""
    criteria = wanted["criteria"]
    return export(
        desk,
        content,
        what="phones",
        query=suffix_of(criteria, after="", before=""),
        row_count=matching(desk.project, criteria, wanted["catalogue"], wanted["now"]).count(),
        name=f"{desk.project.slug}-phones-{timezone.localdate():%Y-%m-%d}.{kind}",
        content_type=content_type,
    )
