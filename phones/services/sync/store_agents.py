"""Copying Diga's list of agents and their versions into our tables."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from phones import diga
from phones.models import Agent, AgentVersion, Phone, Project
from phones.services.clock import is_ahead
from phones.services.finding.keyset import agent_key
from phones.services.projects.identity import ForeignProject
from phones.services.routing.lanes import Lane


def store_agents(project: Project, agents: diga.AgentList, *, asked_at: datetime) -> None:
    """Copy Diga's list of agents and versions, unless our copy is newer; `agents_changed_at` moves if anything differs.

    The list is newer where no other was stored since it was asked for: `project.agents_read_at` is of that moment.
    Else the times of asking decide.

    Agents that Diga no longer lists keep their name but lose their versions, so that nothing offers them. A list of
    which a part could not be read says nothing of those it leaves out: they stay as they are.

    :raises ForeignProject: one of the ids belongs to another project's agent.
    """
    wanted = {agent.agent_id: agent for agent in agents.data}
    with transaction.atomic():
        if Agent.objects.filter(pk__in=wanted).exclude(project=project).exists():
            raise ForeignProject
        held = (
            Project.objects.select_for_update(no_key=True)
            .only("agents_read_at", "agents_changed_at")
            .get(pk=project.pk)
        )
        is_overtaken = held.agents_read_at not in {None, project.agents_read_at}
        if held.agents_read_at and is_overtaken and held.agents_read_at > asked_at:
            project.agents_read_at, project.agents_changed_at = held.agents_read_at, held.agents_changed_at
            return
        ours = Agent.objects.filter(project=project)
        has_moved = not _says_the_same(project, agents)
        if has_moved:
            if agents.is_complete:
                ours.exclude(pk__in=wanted).update(is_listed=False)
            told = ours if agents.is_complete else ours.filter(pk__in=wanted)
            _write_agents(project, wanted.values())
            _write_versions(AgentVersion.objects.filter(agent__in=told), wanted.values())
        is_set_back = held.agents_read_at is not None and is_ahead(held.agents_read_at, asked_at)
        project.agents_read_at = asked_at if is_set_back else _after(held.agents_read_at, asked_at)
        project.agent_count = ours.filter(is_listed=True).count()
        # In-process copies are kept by this time, so that it never goes back.
        project.agents_changed_at = _after(held.agents_changed_at, asked_at) if has_moved else held.agents_changed_at
        project.save(update_fields=["agents_read_at", "agent_count", "agents_changed_at"])


def _after(earlier: datetime | None, moment: datetime) -> datetime:
    """Return the moment, or the next one after an earlier, where that is not earlier."""
    return moment if earlier is None else max(moment, earlier + timedelta.resolution)


def _write_agents(project: Project, agents: Iterable[diga.Agent]) -> None:
    """Write the agents, and move the phones of those that have another place in a sorted list than before."""
    kept = dict(Agent.objects.filter(project=project).values_list("pk", "sort_key"))
    rows = [
        Agent(id=agent.agent_id, project=project, name=agent.name, sort_key=agent_key(agent.agent_id, agent.name))
        for agent in agents
    ]
    Agent.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=["name", "sort_key", "is_listed"]
    )
    moved = [row.pk for row in rows if kept.get(row.pk) != row.sort_key]
    for lane in Lane if moved else ():
        key = Agent.objects.filter(pk=OuterRef(f"{lane}_agent_id")).values("sort_key")
        phones = Phone.objects.filter(**{"project": project, f"{lane}_agent_id__in": moved})
        phones.update(**{f"{lane}_key": Subquery(key)})


def _write_versions(told: QuerySet[AgentVersion], agents: Iterable[diga.Agent]) -> None:
    """Write the versions of the agents; of those we have, of agents the list tells of, drop what it doesn't have."""
    versions = {
        version.version_id: AgentVersion(
            id=version.version_id,
            agent_id=agent.agent_id,
            number=version.version_number,
            name=version.version_name,
            is_published=version.is_published,
            is_draft=version.is_draft,
        )
        for agent in agents
        for version in agent.versions
    }
    told.exclude(pk__in=versions).delete()
    AgentVersion.objects.bulk_create(
        versions.values(),
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["number", "name", "is_published", "is_draft"],
    )


def _says_the_same(project: Project, agents: diga.AgentList) -> bool:
    """Say whether our copy has what a list says: all of it, where it is complete."""
    ours = Agent.objects.filter(project=project)
    versions = AgentVersion.objects.filter(agent__project=project)
    kept = {
        *ours.filter(is_listed=True).values_list("id", "name"),
        *versions.values_list("id", "agent_id", "number", "name", "is_published", "is_draft"),
    }
    agents_told = {agent.agent_id: (agent.agent_id, agent.name) for agent in agents.data}
    # What is listed twice counts as it is listed last, as when it is written.
    versions_told = {
        v.version_id: (v.version_id, agent.agent_id, v.version_number, v.version_name, v.is_published, v.is_draft)
        for agent in agents.data
        for v in agent.versions
    }
    if not agents.is_complete:
        kept = {row for row in kept if row[0] in agents_told or row[1] in agents_told}
    return kept == {*agents_told.values(), *versions_told.values()}
