"""The list as a file, narrowed as the address says."""

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from phones.access import Desk, DeskRequest, open_desk
from phones.services import exporting
from phones.services.directory import directory_of

from .listing import criteria_from

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_GET
def phone_export_csv(request: DeskRequest, slug: str) -> HttpResponseBase:
    """Send what is filtered as CSV, while it is read."""
    desk = open_desk(request, slug)
    lines = exporting.csv_lines(
        project=desk.project,
        criteria=criteria_from(request.GET),
        directory=directory_of(desk.project),
        now=timezone.now(),
    )
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_file_name(desk, "csv")}"'
    return response


@require_GET
def phone_export_xlsx(request: DeskRequest, slug: str) -> HttpResponseBase:
    """Send what is filtered as a sheet, which is written to a temporary file first."""
    desk = open_desk(request, slug)
    file = exporting.write_xlsx(
        project=desk.project,
        criteria=criteria_from(request.GET),
        directory=directory_of(desk.project),
        now=timezone.now(),
    )
    return FileResponse(file, as_attachment=True, filename=_file_name(desk, "xlsx"), content_type=XLSX)


def _file_name(desk: Desk, kind: str) -> str:
    """Return a name that sorts by day; a slug needs no quoting."""
    return f"{desk.project.slug}-phones-{timezone.localdate():%Y-%m-%d}.{kind}"
