"""Gives the project more agents, or takes them away again; run as `python -m bench.once.agents COUNT VERSIONS`."""

import sys

import django

PREFIX = "Bench agent "


def main(count: int, versions: int) -> None:
    """Leave the project with so many of these agents, each with so many versions."""
    django.setup()
    from django.utils import timezone

    from phones.models import Agent, AgentVersion, Project

    project = Project.objects.get()
    AgentVersion.objects.filter(agent__name__startswith=PREFIX).delete()
    Agent.objects.filter(name__startswith=PREFIX).delete()
    agents = Agent.objects.bulk_create(Agent(project=project, name=f"{PREFIX}{place:03}") for place in range(count))
    AgentVersion.objects.bulk_create(
        AgentVersion(agent=agent, number=number, is_published=number == 1, is_draft=number == versions)
        for agent in agents
        for number in range(1, versions + 1)
    )
    Project.objects.update(agents_changed_at=timezone.now())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
