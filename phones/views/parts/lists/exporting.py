"""Files to be kept, and who is written down to have taken them."""

from collections.abc import Iterable

from django.http import StreamingHttpResponse
from django.utils import timezone

from phones.access import Desk
from phones.models import ActKind
from phones.services.audit.acts import record_act

CSV = "text/csv; charset=utf-8"


def export(
    desk: Desk,
    content: Iterable[str | bytes],
    *,
    what: str,
    query: str,
    row_count: int,
    name: str,
    content_type: str = CSV,
) -> StreamingHttpResponse:
    """Write the export down, and return an answer that is kept as a file.

    :param what: a code of the kind of rows: `phones`, `changes`, `plan` or `acts`.
    :param query: the filter as a query string with its `?`, "" without one.
    :param name: the file's name; a slug needs no quoting.
    """
    details = {"what": what, "file": name, "filter": query.removeprefix("?"), "rows": row_count}
    record_act(kind=ActKind.EXPORTED, project=desk.project, actor=desk.user, at=timezone.now(), details=details)
    return StreamingHttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
