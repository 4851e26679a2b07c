"""Logs: one structured line an event, without secrets and without local variables."""

import logging
import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

from phones.diga.key_pattern import KEY, MASK

# A header to the end of its line, a bearer token, or a session id in a text.
SECRET = re.compile(
    r"""(?i)\b(?:authorization|cookie)\b["']?\s*[:=]\s*["']?[^"'\r\n]+"""
    r"""|\b(?:bearer|basic)\s+[^\s'",;]+"""
    r"""|\b(?:session|csrf)\w*\s*[:=]\s*[^\s,;]+"""
    # The code in the address of an invitation makes its holder a member.
    r"""|(?<=/invitation/)[^\s/'"]+"""
    # The password in the address of a database, of Redis or of a proxy.
    r"""|(?<=://)[^\s/@'"]+(?=@)"""
    # The query of an address: it has searched or pasted text.
    r"""|(?<=[\w/]\?)[\w.%+-]+=[^\s'"<>]*"""
)


def mask_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask credentials in every text of a log event, in lists and mappings too."""
    for key, value in event.items():
        event[key] = masked(value)
    return event


def masked(value: Any) -> Any:
    """Return a value with the credentials in its texts masked, in lists and mappings too."""
    if isinstance(value, str):
        return KEY.sub(MASK, SECRET.sub(MASK, value))
    if isinstance(value, dict):
        return {name: masked(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner) for inner in value]
    return value


def configure(*, level: int, as_json: bool) -> None:
    """Send the events of structlog and of the standard library through one formatter to standard error."""
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
        structlog.processors.JSONRenderer()
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
                # `dashboard.requests` has one line for each request; of this logger only tracebacks are needed.
                "django.request": {"filters": ["failures"]},
                # At DEBUG it prints headers.
                "urllib3": {"level": "WARNING"},
                # Its lines repeat those of `dashboard.logs.requests`, with the query strings.
                "django.server": {"level": "WARNING"},
                # It installs handlers of its own, and logs the address of a request that fails.
                "gunicorn.error": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
                # Without a handler of its own, huey's consumer adds one, and every line appears twice.
                "huey": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
            },
        }
    )
