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
)
MASK = "[masked]"


def mask_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask what looks like a credential in every text of a log event."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = SECRET.sub(MASK, value)
    return event


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
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # Its lines repeat the request line of django-structlog, and at DEBUG it prints headers.
                "urllib3": {"level": "WARNING"},
                "django.server": {"level": "WARNING"},
                # Without a handler of its own, huey's consumer gives it one, and says everything twice.
                "huey": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
            },
        }
    )
