"""The WSGI application that gunicorn, or any other server, serves."""

import os
import sys

import structlog
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

application = get_wsgi_application()


def _check_start() -> None:
    """Log what is missing, a line each; with a wrong key the process ends, before it writes anything with it."""
    from django.db import connections

    from dashboard.monitoring import error_reports, machines, metrics, traces
    from dashboard.monitoring.readiness import faults

    for reports in (error_reports, traces, metrics):
        reports.start("web")
    found = faults()
    if not found:
        machines.warn("web")
    # Servers fork after loading, and a connection can't be shared.
    connections.close_all()
    for fault in found:
        structlog.get_logger("dashboard.start").error("not ready", what=fault.what, why=fault.sentence)
    if wrong := [fault.sentence for fault in found if fault.is_wrong_key]:
        sys.exit("\n".join(wrong))


_check_start()
