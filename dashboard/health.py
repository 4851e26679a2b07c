"""The health check for monitors: whether this process and its database work, and whether the disk has room."""

from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from dashboard import disk


@require_safe
@login_not_required
def health(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the database answers, else 503. Nothing about projects is included.

    A nearly full disk is reported with 200: a restart would not help, and everything still works.
    """
    room = "low" if disk.is_low() else "ok"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return JsonResponse({"database": "down", "disk": room}, status=503)
    return JsonResponse({"database": "up", "disk": room})
