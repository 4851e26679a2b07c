"""Decoding: from an answer's bytes to a record or exactly one `DigaError`, for any input.

`error_from` is the only place that maps a status to an error.
"""

import json
import logging
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from pydantic import ValidationError

from .errors import (
    DigaAuthError,
    DigaError,
    DigaForbidden,
    DigaNotFound,
    DigaRateLimited,
    DigaRejected,
    DigaUnavailable,
    Reason,
)
from .types import Page, Record, clean_text

logger = logging.getLogger("phones.diga")

R = TypeVar("R", bound=Record)

MAX_MESSAGE_LENGTH = 500
MAX_CODE_LENGTH = 100
MAX_RETRY_AFTER_SECONDS = 900.0
MAX_DETAILS = 20
BODY_FIELDS = frozenset({"nickname", "inbound_version_id", "outbound_version_id"})

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers (any case), and the whole body, decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def decode(reply: Reply, mask: Callable[[str], str] = str) -> object:
    """Return the JSON value of a good answer.

    :param mask: hides the API key in Diga's words.
    :raises DigaError: for every other answer.
    """
    if not 200 <= reply.status <= 299:
        raise error_from(reply, mask)
    value = _parse(reply.body)
    if value is _NOT_JSON:
        raise DigaUnavailable(reason=Reason.NOT_JSON, status=reply.status, request_id=_request_id(reply, mask))
    return value


def error_from(reply: Reply, mask: Callable[[str], str] = str) -> DigaError:
    """Return the error of an answer other than 2xx. Only the status decides, never the error code."""
    code, message, fields = _read_words(_parse(reply.body), mask)
    known: dict[str, Any] = {"status": reply.status, "code": code, "request_id": _request_id(reply, mask)}
    match reply.status:
        case 401:
            return DigaAuthError(message, **known)
        case 403:
            return DigaForbidden(message, **known)
        case 404 | 410:
            return DigaNotFound(message, **known)
        case 429:
            return DigaRateLimited(message, retry_after=read_retry_after(reply.headers), **known)
        case status if 400 <= status <= 499:
            return DigaRejected(message, fields=fields, **known)
        case status if 300 <= status <= 399:
            return DigaUnavailable(message, reason=Reason.REDIRECT, **known)
        case _:
            return DigaUnavailable(message, reason=Reason.SERVER_ERROR, **known)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds to wait, capped; None if the header is missing or makes no sense.

    An HTTP-date is compared with the answer's own Date, as our clock may be wrong.
    """
    text = headers.get("Retry-After", "").strip()
    try:
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII):
            seconds = float(text)
        else:
            then, now = (parsedate_to_datetime(date) for date in (text, headers.get("Date", "")))
            seconds = (then - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(seconds, MAX_RETRY_AFTER_SECONDS) if seconds >= 0 else None


def decode_record(value: object, record: type[R]) -> R:
    """Read one record. :raises DigaUnavailable: if it has the wrong shape."""
    found = _read_record(value, record)
    if found is None:
        raise wrong_shape()
    return found


def decode_rows(value: object, record: type[R]) -> tuple[tuple[R, ...], int]:
    """Read a JSON array row by row; return the good ones and how many were malformed.

    :raises DigaUnavailable: if it is no array.
    """
    if not isinstance(value, list):
        raise wrong_shape()
    rows = tuple(found for row in value if (found := _read_record(row, record)) is not None)
    return rows, len(value) - len(rows)


def decode_page(value: object, record: type[R]) -> Page[R]:
    """Read one page of a list. :raises DigaUnavailable: if the envelope has the wrong shape."""
    if not isinstance(value, dict) or not isinstance(value.get("has_more"), bool):
        raise wrong_shape()
    rows, malformed_count = decode_rows(value.get("data"), record)
    return Page(
        data=rows,
        has_more=value["has_more"],
        first_id=_read_id(value.get("first_id")),
        last_id=_read_id(value.get("last_id")),
        current_page=_read_count(value.get("current_page")),
        total_pages=_read_count(value.get("total_pages")),
        malformed_count=malformed_count,
    )


def wrong_shape() -> DigaUnavailable:
    """Return the error for valid JSON that does not match the contract."""
    return DigaUnavailable(reason=Reason.WRONG_SHAPE, status=200)


class _NotJson:
    pass


_NOT_JSON = _NotJson()


def _parse(body: bytes) -> object:
    """Parse strict JSON (no NaN, no infinity). Nesting that is too deep counts as invalid."""
    try:
        return json.loads(
            body.decode("utf-8"), parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_without_doubles
        )
    except (ValueError, RecursionError):
        return _NOT_JSON


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any] | None:
    """Return an object, or None for one that names a field twice: which of the values is meant can't be known."""
    value = dict(pairs)
    return value if len(value) == len(pairs) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _read_record(value: object, record: type[R]) -> R | None:
    if not isinstance(value, dict):
        return None
    try:
        found = record.model_validate(value)
    except ValidationError:
        return None
    for name, known in record.known_values.items():
        if (word := getattr(found, name)) not in known:
            _note_unknown(record.__name__, name, word[:MAX_CODE_LENGTH])
    return found


@lru_cache(maxsize=1000)
def _note_unknown(record: str, name: str, word: str) -> None:
    """Log a value that the contract does not list, once."""
    logger.warning("%s.%s has an unknown value: %r", record, name, word, extra={"field": name, "value": word})


def _read_id(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _read_count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _request_id(reply: Reply, mask: Callable[[str], str]) -> str:
    for name in ("X-Request-Id", "X-Correlation-Id", "X-Amzn-Trace-Id"):
        if text := reply.headers.get(name):
            return _plain(text, MAX_CODE_LENGTH, mask)
    return ""


def _plain(value: object, length: int, mask: Callable[[str], str]) -> str:
    """Return a string of Diga as one line of plain text, "" for anything else."""
    if not isinstance(value, str):
        return ""
    return mask(_CONTROL_CHARACTERS.sub(" ", clean_text(value)).strip())[:length]


def _read_words(value: object, mask: Callable[[str], str]) -> tuple[str, str, dict[str, list[str]]]:
    """Return code, message and field messages of an error body in either of Diga's shapes, or in neither."""
    if not isinstance(value, dict):
        return "", "", {}
    code = _plain(value.get("error_code"), MAX_CODE_LENGTH, mask)
    message = _plain(value.get("message"), MAX_MESSAGE_LENGTH, mask)
    detail = value.get("detail")
    if isinstance(detail, str):
        return code, message or _plain(detail, MAX_MESSAGE_LENGTH, mask), {}
    fields: dict[str, list[str]] = {}
    others: list[str] = []
    for field, words in _read_details(detail, mask):
        fields.setdefault(field, []).append(words) if field else others.append(words)
    every = others or [words for list_of_words in fields.values() for words in list_of_words]
    return code, message or "; ".join(every)[:MAX_MESSAGE_LENGTH], fields


def _read_details(detail: object, mask: Callable[[str], str]) -> Iterable[tuple[str, str]]:
    """Yield (body field or "", message) for each readable entry of a FastAPI `detail`."""
    for entry in detail[:MAX_DETAILS] if isinstance(detail, list) else ():
        if isinstance(entry, dict) and (words := _plain(entry.get("msg"), MAX_MESSAGE_LENGTH, mask)):
            loc = entry.get("loc")
            names = [part for part in loc if isinstance(part, str)] if isinstance(loc, list) else []
            yield (names[-1] if names and names[-1] in BODY_FIELDS else ""), words
