"""The phone routes: list, read, and the PATCH that publishes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from .faults.switches import Switches
from .paging import page_of, read_paging
from .serving.messages import Answer, Refusal, envelope, invalid, iso, read_time, read_uuid
from .state import AgentRow, PhoneRow, Project, VersionRow

STATUSES = ("reserved", "pending_verification", "assigned", "released", "finished")
DIRECTIONS = {"inbound_version_id": "inbound_agent_id", "outbound_version_id": "outbound_agent_id"}


def write_phone(phone: PhoneRow, switches: Switches) -> dict[str, Any]:
    """Return a phone as JSON."""
    value = {
        "id": str(phone.id),
        "nickname": phone.nickname,
        "number": phone.number,
        "telephony_provider": phone.telephony_provider,
        "status": phone.status,
        "released_at": iso(phone.released_at),
        "scheduled_release_at": iso(phone.scheduled_release_at),
        "assigned_at": iso(phone.assigned_at),
        "inbound_agent_id": phone.inbound_agent_id and str(phone.inbound_agent_id),
        "outbound_agent_id": phone.outbound_agent_id and str(phone.outbound_agent_id),
        "sip_config": _write_sip(phone) if phone.telephony_provider == "custom" else None,
        "checkout_url": phone.checkout_url,
        "reservation_expires_at": iso(phone.reservation_expires_at),
        "region_codes": list(phone.region_codes),
    }
    if switches.nulls_left_out:
        return {name: item for name, item in value.items() if item is not None}
    return value


def _write_sip(phone: PhoneRow) -> dict[str, Any]:
    return {
        "termination_uri": "pbx.example.es",
        "username": phone.sip_username,
        "inbound_media_encryption": "allow",
        "outbound_media_encryption": "allow",
        "allowed_addresses": ["192.0.2.0/24"],
    }


def list_phones(project: Project, switches: Switches, query: dict[str, str]) -> Answer:
    """Answer GET /v1/phone/."""
    paging = read_paging(query, default_limit=20, max_limit=100, default_order=switches.default_order)
    keep = _read_filter(query, switches)
    return page_of(project.phones, paging, switches, lambda phone: write_phone(phone, switches), keep)


def _read_filter(query: dict[str, str], switches: Switches) -> Callable[[PhoneRow], bool] | None:
    tests: list[Callable[[PhoneRow], bool]] = []
    if "status" in query:
        status = query["status"]
        if status not in STATUSES:
            raise Refusal(invalid((["query", "status"], "Input should be a known status", "enum")))
        tests.append(lambda phone: phone.status == status)
    elif not switches.released_listed:
        tests.append(lambda phone: phone.status not in ("released", "finished"))
    for name in ("inbound_agent_id", "outbound_agent_id"):
        if name in query:
            tests.append(_agent_test(name, read_uuid(query[name], ["query", name])))
    for name, is_start in (("start_assigned_at", True), ("end_assigned_at", False)):
        if name in query:
            tests.append(_time_test(read_time(query[name], name), is_start=is_start))
    if not tests:
        return None
    return lambda phone: all(test(phone) for test in tests)


def _agent_test(field: str, agent_id: UUID) -> Callable[[PhoneRow], bool]:
    return lambda phone: getattr(phone, field) == agent_id


def _time_test(moment: datetime, *, is_start: bool) -> Callable[[PhoneRow], bool]:
    def test(phone: PhoneRow) -> bool:
        if phone.assigned_at is None:
            return False
        return phone.assigned_at >= moment if is_start else phone.assigned_at <= moment

    return test


def find_phone(project: Project, phone_id: UUID) -> PhoneRow:
    """Return a phone. :raises Refusal: with a 404."""
    if phone := project.phones.get(phone_id):
        return phone
    raise Refusal(envelope(404, "PHONE_NUMBER_NOT_FOUND", "No phone has this id"))


def change_phone(project: Project, switches: Switches, phone: PhoneRow, body: object) -> Answer:
    """Answer PATCH /v1/phone/{id}: nickname, and the versions to attach, which publishes them."""
    nickname = _read_nickname(body, switches)
    wanted = _read_versions(project, switches, body)
    if nickname and phone.status != "assigned" and not _can_rename(phone, switches):
        raise Refusal(envelope(400, "BAD_PARAMETER", "The phone can't be renamed in its status"))
    if wanted and phone.status != "assigned":
        raise Refusal(envelope(400, "BAD_PARAMETER", "Only an assigned phone takes agents"))
    if switches.both_directions == "atomic":
        _check_publishes(project, switches, phone, wanted)
    if nickname:
        phone.nickname = nickname[0]
    applied = bool(nickname)
    for field, found in wanted:
        try:
            _check_publishes(project, switches, phone, [(field, found)])
        except Refusal as refusal:
            refusal.answer.applied = applied
            raise
        _attach(project, switches, phone, field, found)
        applied = True
    return Answer(200, write_phone(phone, switches), applied=applied)


def _can_rename(phone: PhoneRow, switches: Switches) -> bool:
    return switches.nickname_while_reserved and phone.status in ("reserved", "pending_verification")


def _read_nickname(body: object, switches: Switches) -> tuple[str | None] | None:
    """Return the new nickname in a tuple, None if it is to stay."""
    if not isinstance(body, dict):
        raise Refusal(invalid((["body"], "Input should be an object", "model_attributes_type")))
    if "nickname" not in body:
        return None
    value = body["nickname"]
    if value is not None and not isinstance(value, str):
        raise Refusal(invalid((["body", "nickname"], "Input should be a valid string", "string_type")))
    rule = switches.null_nickname if value is None else switches.empty_nickname if value == "" else "store"
    if rule == "reject":
        raise Refusal(invalid((["body", "nickname"], "A nickname can't be empty", "value_error")))
    if rule == "ignore":
        return None
    return (None,) if rule == "clear" else (value,)


def _read_versions(
    project: Project, switches: Switches, body: object
) -> list[tuple[str, tuple[AgentRow, VersionRow] | None]]:
    """Return the version to attach (None to detach) by the field of the phone it goes to."""
    wanted: list[tuple[str, tuple[AgentRow, VersionRow] | None]] = []
    for name, field in DIRECTIONS.items():
        location: list[str | int] = ["body", name]
        if not isinstance(body, dict) or name not in body:
            continue
        value = body[name]
        if value is None and switches.null_agent == "reject":
            raise Refusal(invalid((location, "Input should be a valid UUID", "uuid_type")))
        if value is None and switches.null_agent == "detach":
            wanted.append((field, None))
        if value is not None:
            if not isinstance(value, str):
                raise Refusal(invalid((location, "Input should be a valid UUID", "uuid_type")))
            wanted.append((field, _find_version(project, switches, read_uuid(value, location), location)))
    return wanted


def _find_version(
    project: Project, switches: Switches, version_id: UUID, location: list[str | int]
) -> tuple[AgentRow, VersionRow]:
    found = project.find_version(version_id)
    if found is None:
        if switches.unknown_version_status == 422:
            raise Refusal(invalid((location, "No version has this id", "value_error")))
        raise Refusal(envelope(switches.unknown_version_status, "AGENT_VERSION_NOT_FOUND", "No version has this id"))
    if found[1].is_draft and not switches.draft_accepted:
        raise Refusal(envelope(400, "BAD_PARAMETER", "A draft can't be published"))
    return found


def _check_publishes(
    project: Project,
    switches: Switches,
    phone: PhoneRow,
    wanted: list[tuple[str, tuple[AgentRow, VersionRow] | None]],
) -> None:
    """Refuse to publish a second version of an agent (contract, section 4.3, rule 3)."""
    publishing: dict[UUID, UUID] = {}
    for _, found in wanted:
        if found is None:
            continue
        agent, version = found
        is_other = agent.published_id not in (None, version.id)
        elsewhere = [other for other in project.phones_of(agent.id) if other is not phone] if is_other else []
        if elsewhere or publishing.setdefault(agent.id, version.id) != version.id:
            raise Refusal(refuse_publish(agent, switches))


def refuse_publish(agent: AgentRow, switches: Switches) -> Answer:
    """Return the refusal of a second published version."""
    message = f"{agent.name or 'The agent'} has another version published on another phone"
    if switches.publish_refusal_shape == "validation":
        location: list[str | int] = ["body", "inbound_version_id"]
        return invalid((location, message, "value_error"), status=switches.publish_refusal_status)
    return envelope(switches.publish_refusal_status, switches.publish_refusal_code, message)


def _attach(
    project: Project,
    switches: Switches,
    phone: PhoneRow,
    field: str,
    found: tuple[AgentRow, VersionRow] | None,
) -> None:
    before_id = getattr(phone, field)
    setattr(phone, field, found[0].id if found else None)
    if found and switches.attaching_publishes:
        found[0].published_id = found[1].id
    before = project.agents.get(before_id)
    if before and switches.unpublish_when_unused and not project.phones_of(before.id):
        before.published_id = None
