"""Logs: one structured line an event, without secrets and without local variables."""

import logging
import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

# A header to the end of its line, a bearer key, or a session that slipped into a text.
SECRET = re.compile(
    r"""(?i)\b(?:authorization|cookie)\b["']?\s*[:=]\s*["']?[^"'\r\n]+"""
    r"""|\b(?:bearer|basic)\s+[^\s'",;]+"""
    r"""|\b(?:session|csrf)\w*\s*[:=]\s*[^\s,;]+"""
    # The code in the address of an invitation makes whoever has it a member.
    r"""|(?<=/invitation/)[^\s/'"]+"""
    # The password in the address of a database, of Redis or of a proxy.
    r"""|(?<=://)[^\s/@'"]+(?=@)"""
    # What was searched for, or pasted: the query of an address.
    r"""|(?<=[\w/]\?)[\w.%+-]+=[^\s'"<>]*"""
)
# A pasted key: capitals, small letters and digits in one run. Ids and hashes are of small letters and digits only.
KEY = re.compile(r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{20,}(?![\w-])")
MASK = "[masked]"


def mask_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask what looks like a credential in every text of a log event, also of those in lists and mappings."""
    for key, value in event.items():
        event[key] = _masked(value)
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return KEY.sub(MASK, SECRET.sub(MASK, value))
    if isinstance(value, dict):
        return {name: _masked(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value


def configure(*, level: int, as_json: bool) -> None:
    """Send structlog's and the standard library's events through one formatter to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        # rich would print local variables, and with them a token.
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "event": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.format_exc_info,
                        mask_secrets,
                        renderer,
                    ],
                    "foreign_pre_chain": shared,
                }
            },
            "filters": {
                "failures": {"()": "django.utils.log.CallbackFilter", "callback": lambda record: bool(record.exc_info)}
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # What became of a request stands in its line in `dashboard.requests`: of this only tracebacks.
                "django.request": {"filters": ["failures"]},
                # At DEBUG it prints headers.
                "urllib3": {"level": "WARNING"},
                # Its lines repeat those of `dashboard.request_log`, with what was searched for.
                "django.server": {"level": "WARNING"},
                # It brings handlers of its own, and names the address of a request that it fails at.
                "gunicorn.error": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
                # Without a handler of its own, huey's consumer gives it one, and says everything twice.
                "huey": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
            },
        }
    )
