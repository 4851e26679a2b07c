"""Copying Diga's answers into our tables. The only place that writes Diga's fields."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from phones import diga
from phones.models import Agent, AgentVersion, Phone, Project

from .numbers import digits_of, folded, nickname_key, shown_number
from .ordering import agent_key

COPIED = (
    "number",
    "telephony_provider",
    "status",
    "nickname",
    "assigned_at",
    "scheduled_release_at",
    "released_at",
    "inbound_agent_id",
    "outbound_agent_id",
    "region_codes",
)
DERIVED = ("shown", "digits", "search_text", "nickname_key")


class ForeignProject(Exception):
    """A phone or agent is already another project's: two keys here open one Diga project."""


def _values(record: diga.Phone) -> dict[str, Any]:
    return {name: getattr(record, name) for name in COPIED} | {"region_codes": list(record.region_codes)}


def _search_text(phone: Phone) -> str:
    return folded(f"{phone.number} {phone.nickname or ''} {phone.note}")


def _apply(phone: Phone, values: dict[str, Any], fetched_at: datetime) -> list[str]:
    """Set what differs on the row, and return the names of the fields to save."""
    changed = [name for name, value in values.items() if getattr(phone, name) != value]
    for name in changed:
        setattr(phone, name, values[name])
    if phone.missing_since is not None:
        phone.missing_since = None
        changed.append("missing_since")
    if "number" in changed:
        phone.shown, phone.digits = shown_number(phone.number), digits_of(phone.number)
    if {"number", "nickname"} & set(changed):
        phone.search_text, phone.nickname_key = _search_text(phone), nickname_key(phone.nickname)
        changed += DERIVED
    phone.fetched_at = fetched_at
    return changed


def is_copy(phone: Phone, record: diga.Phone) -> bool:
    """Say whether the row has all that the answer says."""
    return phone.missing_since is None and all(getattr(phone, name) == value for name, value in _values(record).items())


def store_phone(phone: Phone, record: diga.Phone, *, fetched_at: datetime) -> None:
    """Copy an answer about one phone into its row, unless the row has a newer one; `phone` is then as the row.

    `fetched_at` is when the answer arrived for a write, and when it was asked for for a read.
    """
    with transaction.atomic():
        row = Phone.objects.select_for_update().get(pk=phone.pk)
        if row.fetched_at <= fetched_at:
            changed = _apply(row, _values(record), fetched_at)
            row.save(update_fields=[*changed, "fetched_at"])
    for name in (*COPIED, *DERIVED, "note", "fetched_at", "missing_since"):
        setattr(phone, name, getattr(row, name))


def store_phones(project: Project, records: Sequence[diga.Phone], *, fetched_at: datetime) -> int:
    """Copy a page of Diga's list, asked for at `fetched_at`, and return how many rows were new or differed.

    A row that was read later than `fetched_at` (an edit came between) is left alone.

    :raises ForeignProject: one of the ids belongs to another project's phone.
    """
    with transaction.atomic():
        known = Phone.objects.select_for_update().in_bulk([record.id for record in records])
        new: dict[uuid.UUID, Phone] = {}
        differing: list[Phone] = []
        same: list[uuid.UUID] = []
        for record in records:
            values = _values(record)
            phone = known.get(record.id)
            if phone is None:
                phone = Phone(id=record.id, project=project)
                _apply(phone, values, fetched_at)
                new[record.id] = phone
            elif phone.project_id != project.pk:
                raise ForeignProject
            elif phone.fetched_at > fetched_at:
                continue
            elif _apply(phone, values, fetched_at):
                differing.append(phone)
            else:
                same.append(phone.pk)
        Phone.objects.bulk_create(new.values())
        Phone.objects.bulk_update(differing, [*COPIED, *DERIVED, "missing_since", "fetched_at"], batch_size=60)
        Phone.objects.filter(pk__in=same).update(fetched_at=fetched_at)
    return len(new) + len(differing)


def store_agents(project: Project, agents: Iterable[diga.Agent], *, now: datetime) -> None:
    """Copy Diga's whole list of agents and versions, and move `project.agents_changed_at` if anything differs.

    `now` is when the list was asked for.

    Agents that Diga no longer lists keep their name but lose their versions, so that nothing offers them.

    :raises ForeignProject: one of the ids belongs to another project's agent.
    """
    with transaction.atomic():
        wanted = {agent.agent_id: agent for agent in agents}
        if Agent.objects.filter(pk__in=wanted).exclude(project=project).exists():
            raise ForeignProject
        before = _picture(project)
        Agent.objects.bulk_create(
            [
                Agent(
                    id=agent.agent_id, project=project, name=agent.name, sort_key=agent_key(agent.agent_id, agent.name)
                )
                for agent in wanted.values()
            ],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["name", "sort_key", "is_listed"],
        )
        Agent.objects.filter(project=project).exclude(pk__in=wanted).update(is_listed=False)
        versions = {
            version.version_id: AgentVersion(
                id=version.version_id,
                agent_id=agent.agent_id,
                number=version.version_number,
                name=version.version_name,
                is_published=version.is_published,
                is_draft=version.is_draft,
            )
            for agent in wanted.values()
            for version in agent.versions
        }
        AgentVersion.objects.filter(agent__project=project).exclude(pk__in=versions).delete()
        AgentVersion.objects.bulk_create(
            versions.values(),
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["number", "name", "is_published", "is_draft"],
        )
        project.agents_read_at, project.agent_count = now, len(wanted)
        if _picture(project) != before:
            project.agents_changed_at = now
        project.save(update_fields=["agents_read_at", "agents_changed_at", "agent_count"])


def _picture(project: Project) -> set[tuple[Any, ...]]:
    agents = Agent.objects.filter(project=project).values_list("id", "name", "is_listed")
    versions = AgentVersion.objects.filter(agent__project=project).values_list(
        "id", "agent_id", "number", "name", "is_published", "is_draft"
    )
    return {*agents, *versions}


def learn_published(project: Project, version_ids: Iterable[uuid.UUID], *, now: datetime) -> None:
    """Note that Diga has published these versions: a phone took them. Nothing is written if we knew it."""
    news = AgentVersion.objects.filter(pk__in=list(version_ids), is_published=False, agent__project=project)
    for version in news:
        AgentVersion.objects.filter(agent=version.agent_id).exclude(pk=version.pk).update(is_published=False)
        version.is_published = True
        version.save(update_fields=["is_published"])
        project.agents_changed_at = now
        project.save(update_fields=["agents_changed_at"])
