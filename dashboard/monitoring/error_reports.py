"""Error reports to Sentry, where SENTRY_DSN is set: no variables, queries, forms, headers or cookies are in them."""

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from dashboard.logs.configuration import masked
from dashboard.logs.masking import without_secrets

# What of a request is reported; its query and form have what somebody searched for or pasted.
KEPT_OF_REQUEST = ("method", "url")


def start(role: str, **options: Any) -> None:
    """Report errors of this process, and of those that it forks, if SENTRY_DSN is set. `options` are Sentry's."""
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk
    from sentry_sdk.integrations.logging import ignore_logger

    # Its line of a failed request stands beside the traceback, which is an event already.
    ignore_logger("dashboard.requests")
    sentry_sdk.init(
        settings.SENTRY_DSN,
        release=settings.VERSION,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        auto_session_tracking=False,
        # Else each request to Diga and to the receivers of webhooks would carry headers with the key of the DSN.
        trace_propagation_targets=[],
        # They have the statements of the database and the addresses of requests.
        before_breadcrumb=lambda _crumb, _hint: None,
        before_send=scrubbed,
        **options,
    )
    sentry_sdk.set_tag("role", role)


def scrubbed(event: Any, _hint: Any) -> Any:
    """Return what may be sent of an event."""
    if request := event.get("request"):
        kept = {name: request[name] for name in KEPT_OF_REQUEST if name in request}
        if "url" in kept:
            kept["url"] = urlsplit(kept["url"])._replace(query="", fragment="").geturl()
        event["request"] = kept
    event.pop("user", None)
    # The command line may name a file of keys, the environment has them.
    event.get("extra", {}).pop("sys.argv", None)
    return _cleaned(json.loads(json.dumps(masked(event), default=str)))


def _cleaned(value: Any) -> Any:
    """Return a value of JSON without the secrets of the settings. Text by text: JSON escapes quotes."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {name: _cleaned(inner) for name, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list) else value
