"""Corruption of answers, as a fault asks for, short of what only the transport can do."""

import math
from collections.abc import Callable
from typing import Any

from ..serving.messages import Answer, envelope, invalid
from .planned import WIRE_KINDS, Fault

HTML = "<!doctype html><title>Bad gateway</title><h1>502 Bad Gateway</h1>"


def spoil(answer: Answer, fault: Fault) -> Answer:
    """Return the faulty answer in place of the right one. `applied` is not changed."""
    if fault.kind in WIRE_KINDS:
        answer.wire = fault
        return answer
    spoiled = _SPOILERS[fault.kind](answer, fault)
    spoiled.applied = answer.applied
    return spoiled


def _status(answer: Answer, fault: Fault) -> Answer:
    status = fault.status or 500
    if fault.body is not None:
        spoiled = Answer(status, fault.body)
    elif fault.shape == "html":
        spoiled = Answer(status, HTML, content_type="text/html")
    elif fault.shape == "validation":
        spoiled = invalid((["body"], "A fault of the stand-in", "value_error"), status=status)
    else:
        spoiled = envelope(status, "INTERNAL_SERVER_ERROR", "A fault of the stand-in")
    if fault.retry_after is not None:
        spoiled.headers["Retry-After"] = fault.retry_after
    return spoiled


def _html(answer: Answer, fault: Fault) -> Answer:
    return Answer(fault.status or 200, str(fault.body or HTML), content_type="text/html; charset=utf-8")


def _not_json(answer: Answer, fault: Fault) -> Answer:
    return Answer(200, str(fault.body or '{"data": ['), content_type="application/json")


def _empty(answer: Answer, fault: Fault) -> Answer:
    return Answer(fault.status or 200)


def _redirect(answer: Answer, fault: Fault) -> Answer:
    return Answer(fault.status or 302, headers={"Location": fault.location})


def _change_row(change: Callable[[dict[str, Any]], None]) -> Callable[[Answer, Fault], Answer]:
    """Return a function that changes the answer's one record, or the first of a list."""

    def spoiler(answer: Answer, fault: Fault) -> Answer:
        body = answer.body
        rows = body.get("data", [body]) if isinstance(body, dict) else body
        if rows:
            change(rows[0])
        return answer

    return spoiler


def _give_wrong_types(row: dict[str, Any]) -> None:
    row.update({name: 5 for name in ("number", "name", "status") if name in row})


def _drop_field(row: dict[str, Any]) -> None:
    for name in ("number", "versions", "status", "version_number"):
        if row.pop(name, None) is not None:
            return


def _give_unknown_value(row: dict[str, Any]) -> None:
    row.update({name: "ported" for name in ("status", "mode") if name in row})


def _give_nan(row: dict[str, Any]) -> None:
    row["nickname"] = math.nan


_SPOILERS: dict[str, Callable[[Answer, Fault], Answer]] = {
    "status": _status,
    "html": _html,
    "not_json": _not_json,
    "empty": _empty,
    "redirect": _redirect,
    "wrong_types": _change_row(_give_wrong_types),
    "missing_field": _change_row(_drop_field),
    "unknown_enum": _change_row(_give_unknown_value),
    "nan": _change_row(_give_nan),
    "stored_other": lambda answer, fault: answer,
}
