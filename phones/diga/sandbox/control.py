"""Control of the sandbox over HTTP, under `/_sandbox/`: for browser tests, benchmarks and trainers."""

import json
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from .application import Sandbox, read_json
from .calls import place_call, write_call
from .faults.planned import Fault
from .faults.switches import Switches
from .phones import write_phone
from .serving.messages import Answer, Refusal, Request, envelope, read_uuid
from .state import PhoneRow

PREFIX = "/_sandbox/"
EDITABLE = {field.name for field in fields(PhoneRow)} - {"id"}


def handle_control(sandbox: Sandbox, request: Request) -> Answer:
    """Answer a control request.

    `GET /` shows projects, keys, switches and faults; `GET` and `DELETE journal`; `PUT switches` and
    `POST faults` with their fields; `DELETE faults`; `POST reset` with seed, phones, agents; `PATCH phones/<id>`
    changes a phone behind Phone Desk's back, `DELETE phones/<id>` takes it away; `POST calls` with phone_id, and
    type and created_at if wanted, lets somebody call.
    """
    try:
        with sandbox.lock:
            return _route(sandbox, request)
    except Refusal as refusal:
        return refusal.answer
    except (TypeError, ValueError, KeyError) as error:
        return envelope(400, "BAD_PARAMETER", f"{type(error).__name__}: {error}")


def _route(sandbox: Sandbox, request: Request) -> Answer:
    name, _, rest = request.path.removeprefix(PREFIX).partition("/")
    match request.method, name:
        case "GET", "":
            return Answer(200, _describe(sandbox))
        case "GET", "journal":
            start = int(request.query.get("start", "0"))
            return Answer(200, [asdict(received) for received in sandbox.journal[start:]])
        case "DELETE", "journal":
            sandbox.journal.clear()
        case "PUT", "switches":
            _set_switches(sandbox.switches, _read_object(request))
        case "POST", "faults":
            sandbox.faults.add(Fault(**_read_object(request)))
        case "DELETE", "faults":
            sandbox.faults.clear()
        case "POST", "reset":
            sandbox.reset(**_read_object(request))
        case "PATCH" | "DELETE", "phones":
            return _change_phone(sandbox, read_uuid(rest, ["path", "id"]), request)
        case "POST", "calls":
            return Answer(201, _call(sandbox, **_read_object(request)))
        case _:
            return Answer(404, {"detail": "Not Found"})
    return Answer(204)


def _describe(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "projects": {
            slug: {"name": project.name, "phones": len(project.phones), "agents": len(project.agents)}
            for slug, project in sandbox.projects.items()
        },
        "keys": [key.token for key in sandbox.keys.values()],
        "switches": asdict(sandbox.switches),
        "faults": [asdict(fault) for fault in sandbox.faults],
    }


def _read_object(request: Request) -> dict[str, Any]:
    value = read_json(request.body) if request.body else {}
    if not isinstance(value, dict):
        raise TypeError("an object is expected")
    return value


def _set_switches(switches: Switches, values: dict[str, Any]) -> None:
    known = {field.name for field in fields(Switches)}
    if unknown := set(values) - known:
        raise KeyError(f"no such switch: {', '.join(sorted(unknown))}")
    for name, value in values.items():
        setattr(switches, name, value)


def _find(sandbox: Sandbox, phone_id: UUID) -> tuple[Any, PhoneRow]:
    for project in sandbox.projects.values():
        if phone := project.phones.get(phone_id):
            return project.phones, phone
    raise KeyError(f"no such phone: {phone_id}")


def _change_phone(sandbox: Sandbox, phone_id: UUID, request: Request) -> Answer:
    if request.method == "PATCH":
        return _edit_phone(sandbox, phone_id, _read_object(request))
    _find(sandbox, phone_id)[0].remove(phone_id)
    return Answer(204)


def _edit_phone(sandbox: Sandbox, phone_id: UUID, values: dict[str, Any]) -> Answer:
    phone = _find(sandbox, phone_id)[1]
    if unknown := set(values) - EDITABLE:
        raise KeyError(f"no such field: {', '.join(sorted(unknown))}")
    for name, value in values.items():
        if value is not None and name.endswith("_id"):
            value = UUID(value)
        elif value is not None and name.endswith("_at"):
            value = datetime.fromisoformat(value)
        setattr(phone, name, value)
    return Answer(200, write_phone(phone, sandbox.switches))


def _call(sandbox: Sandbox, phone_id: str, type: str = "inbound", created_at: str = "") -> dict[str, Any]:  # noqa: A002
    moment = datetime.fromisoformat(created_at) if created_at else datetime.now(UTC)
    project = next(project for project in sandbox.projects.values() if UUID(phone_id) in project.phones)
    call = place_call(project, sandbox.switches, project.phones[UUID(phone_id)], type, created_at=moment)
    return write_call(call, sandbox.switches)


def read_faults(text: str) -> list[Fault]:
    """Read a JSON array of faults, as the command's `--faults` file has it."""
    return [Fault(**values) for values in json.loads(text)]
