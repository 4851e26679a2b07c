"""The agent routes: list, dropdown, read, versions, and publishing from the agent's side."""

from typing import Any
from uuid import UUID

from .faults.switches import Switches
from .paging import page_of, read_paging
from .phones import find_phone, refuse_publish
from .serving.messages import Answer, Refusal, envelope, invalid, iso, read_uuid
from .state import AgentRow, Project, Table, VersionRow

VOICE = {
    "id": "5d0c1f0e-6a1b-4c57-9f43-0f3d8f8f2a10",
    "name": "Lucía",
    "provider": "elevenlabs",
    "provider_voice_id": "sandbox-voice",
    "is_favourite": False,
}

# The lane of a phone that each name sets.
PHONE_LANES = {"inbound_phone_number_id": "inbound_agent_id", "outbound_phone_number_id": "outbound_agent_id"}


def write_agent(agent: AgentRow, version: VersionRow) -> dict[str, Any]:
    """Return an agent at one version as JSON, heavy fields included, as Diga sends them."""
    return {
        "agent_id": str(agent.id),
        "version_id": str(version.id),
        "version_name": version.name,
        "version_number": version.number,
        "version_created_at": iso(version.created_at or agent.created_at),
        "is_draft": version.is_draft,
        "is_published": version.id == agent.published_id,
        "name": agent.name,
        "description": None,
        "created_at": iso(agent.created_at),
        "modified_at": iso(version.created_at or agent.created_at),
        "mode": "free",
        "language": "es",
        "voice": VOICE,
        "prompt": f"Eres {agent.name or 'un agente'}. Atiende con calma y confirma siempre la fecha.",
        "greeting": "Buenos días, ¿en qué puedo ayudarle?",
        "volume": 50,
        "max_reminder_count": 3,
        "reminder_frequency_ms": 7500,
    }


def list_dropdown(project: Project, switches: Switches) -> Answer:
    """Answer GET /v1/agent/versions-dropdown/dashboard: a bare array."""
    if switches.dropdown_refused:
        raise Refusal(envelope(403, "INTERNAL_SERVER_ERROR", "Missing permissions"))
    return Answer(200, [_write_for_dropdown(agent) for agent in project.agents.values()])


def _write_for_dropdown(agent: AgentRow) -> dict[str, Any]:
    versions = [
        {
            "version_id": str(version.id),
            "version_name": version.name,
            "version_number": version.number,
            "is_published": version.id == agent.published_id,
            "is_draft": version.is_draft,
        }
        for version in agent.versions
    ]
    return {"agent_id": str(agent.id), "name": agent.name, "versions": versions}


def list_agents(project: Project, switches: Switches, query: dict[str, str]) -> Answer:
    """Answer GET /v1/agent/: each agent's draft, or the published versions."""
    is_published = _read_flag(query)
    agents: Table[AgentRow] = Table()
    for agent in reversed(project.agents.values()):
        if agent.published_id or not is_published:
            agents.add(agent)
    paging = read_paging(query, default_limit=10, max_limit=100)
    return page_of(agents, paging, switches, lambda agent: write_agent(agent, _shown(agent, is_published)))


def list_versions(project: Project, switches: Switches, agent_id: UUID, query: dict[str, str]) -> Answer:
    """Answer GET /v1/agent/{id}/version."""
    agent = find_agent(project, agent_id)
    is_published = _read_flag(query)
    versions: Table[VersionRow] = Table()
    for version in agent.versions:
        is_this = version.id == agent.published_id
        if is_this if is_published else not (is_this and switches.versions_without_published):
            versions.add(version)
    paging = read_paging(query, default_limit=10, max_limit=100)
    return page_of(versions, paging, switches, lambda version: write_agent(agent, version))


def read_agent(project: Project, agent_id: UUID, query: dict[str, str]) -> Answer:
    """Answer GET /v1/agent/{id}."""
    agent = find_agent(project, agent_id)
    is_published = _read_flag(query)
    if "version_id" not in query:
        if is_published and agent.published_id is None:
            raise Refusal(envelope(404, "AGENT_NOT_FOUND", "Nothing is published"))
        return Answer(200, write_agent(agent, _shown(agent, is_published)))
    if "is_published" in query:
        raise Refusal(envelope(400, "BAD_PARAMETER", "One version at a time"))
    version_id = read_uuid(query["version_id"], ["query", "version_id"])
    version = next((version for version in agent.versions if version.id == version_id), None)
    if version is None:
        raise Refusal(envelope(404, "AGENT_NOT_FOUND", "No version has this id"))
    return Answer(200, write_agent(agent, version))


def publish(project: Project, switches: Switches, agent_id: UUID, body: object) -> Answer:
    """Answer PATCH /v1/agent/{id}/published_version; without a version the agent is removed from all its phones."""
    agent = find_agent(project, agent_id)
    ids = _read_ids(body, ("version_id", *PHONE_LANES))
    version_id = ids.pop("version_id")
    if version_id is None:
        ids = dict.fromkeys(ids)
        for lane in PHONE_LANES.values():
            _detach(project, agent, lane)
    else:
        _check_publishing(project, switches, agent, version_id, ids)
        phones = {name: find_phone(project, phone_id) for name, phone_id in ids.items() if phone_id}
        for name, lane in PHONE_LANES.items():
            if switches.publish_without_phones == "detach":
                _detach(project, agent, lane)
            if name in phones:
                setattr(phones[name], lane, agent.id)
    agent.published_id = version_id
    return write_publication(agent, ids)


def write_publication(agent: AgentRow, ids: dict[str, UUID | None]) -> Answer:
    """Answer with the published version, and the phones that were named."""
    answer = {name: value and str(value) for name, value in ids.items()}
    answer |= {"agent_id": str(agent.id), "published_version_id": agent.published_id and str(agent.published_id)}
    return Answer(200, answer, applied=True)


def _detach(project: Project, agent: AgentRow, lane: str) -> None:
    for phone in project.phones_of(agent.id):
        if getattr(phone, lane) == agent.id:
            setattr(phone, lane, None)


def _check_publishing(
    project: Project, switches: Switches, agent: AgentRow, version_id: UUID, ids: dict[str, UUID | None]
) -> None:
    if version_id not in {version.id for version in agent.versions if not version.is_draft}:
        raise Refusal(envelope(400, "BAD_PARAMETER", "No saved version has this id"))
    if switches.publish_needs_phone and not any(ids.values()):
        raise Refusal(envelope(400, "BAD_PARAMETER", "Invalid phone number configuration or version"))
    is_other = agent.published_id not in (None, version_id)
    if switches.publish_over_another == "refused" and is_other and project.phones_of(agent.id):
        raise Refusal(refuse_publish(agent, switches))


def find_agent(project: Project, agent_id: UUID) -> AgentRow:
    """Return an agent. :raises Refusal: with a 404."""
    if agent := project.agents.get(agent_id):
        return agent
    raise Refusal(envelope(404, "AGENT_NOT_FOUND", "No agent has this id"))


def _shown(agent: AgentRow, is_published: bool) -> VersionRow:
    if not is_published:
        return agent.draft
    return next(version for version in agent.versions if version.id == agent.published_id)


def _read_flag(query: dict[str, str]) -> bool:
    text = query.get("is_published", "false").lower()
    if text not in ("true", "false", "1", "0"):
        raise Refusal(invalid((["query", "is_published"], "Input should be a valid boolean", "bool_parsing")))
    return text in ("true", "1")


def _read_ids(body: object, names: tuple[str, ...]) -> dict[str, UUID | None]:
    if not isinstance(body, dict):
        raise Refusal(invalid((["body"], "Input should be an object", "model_attributes_type")))
    ids: dict[str, UUID | None] = {}
    for name in names:
        value = body.get(name)
        if value is not None and not isinstance(value, str):
            raise Refusal(invalid((["body", name], "Input should be a valid UUID", "uuid_type")))
        ids[name] = None if value is None else read_uuid(value, ["body", name])
    return ids
