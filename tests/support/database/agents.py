"""Agents of a project, made by hand."""

from phones.models import Agent, AgentVersion, Project


def add_agents(project: Project, *names: str, versions: int = 3, published: int | None = 2) -> list[Agent]:
    """Add agents with versions from 1 on, of which the last is a draft."""
    agents = Agent.objects.bulk_create(Agent(project=project, name=name) for name in names)
    AgentVersion.objects.bulk_create(
        AgentVersion(agent=agent, number=number, is_published=number == published, is_draft=number == versions)
        for agent in agents
        for number in range(1, versions + 1)
    )
    return agents
