"""How tests publish a version of an agent for all its numbers, and read them back."""

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from phones.diga.sandbox import Received, Sandbox
from phones.models import AgentUpgrade, Phone, Project
from phones.services.agents.publish import Agreement, upgrade_agent
from phones.services.agents.publish_outcome import sweep_upgrades
from phones.services.agents.publish_preview import Outlook, outlook_of
from phones.services.agents.read_back import check_numbers
from phones.services.editing.write import Author
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.lanes import Target
from tests.support.desk.saving import patches, target

Clock = Callable[[], datetime]
AGENTS = "/v1/agent/"


def seen(project: Project, wanted: Target) -> Outlook:
    """Return what a person sees who opens the page of a version, by our copy."""
    fresh = Project.objects.get(pk=project.pk)
    return outlook_of(fresh, catalogue_of(fresh).agent(wanted.agent.id), wanted.version.id)


def upgrade(
    project: Project,
    agent: str,
    number: int,
    *,
    by: User | None = None,
    fingerprint: str | None = None,
    typed: str | None = None,
    form_token: uuid.UUID | None = None,
    clock: Clock = timezone.now,
) -> AgentUpgrade:
    """Publish a version as a person who saw what would happen, ticked it, and typed the count."""
    wanted = target(project, agent, number)
    if fingerprint is None or typed is None:
        outlook = seen(project, wanted)
        fingerprint = outlook.fingerprint if fingerprint is None else fingerprint
        typed = str(outlook.count) if typed is None else typed
    return upgrade_agent(
        project=Project.objects.get(pk=project.pk),
        agent_id=wanted.agent.id,
        version_id=wanted.version.id,
        author=Author(by, reason="Autumn hours", ticket="T-9", form_token=form_token),
        agreement=Agreement(fingerprint, typed),
        clock=clock,
    )


def read_back(done: AgentUpgrade, **more: Any) -> AgentUpgrade:
    """Let one worker read the numbers back."""
    fresh = AgentUpgrade.objects.select_related("project", "actor").get(pk=done.pk)
    check_numbers(upgrade=fresh, **({"clock": timezone.now} | more))
    done.refresh_from_db()
    return done


def sweep_after(done: AgentUpgrade, seconds: float) -> int:
    """Let the sweeper come by so long after the answer was lost, or after a dead sender wrote the upgrade down."""
    since = done.answer_lost_at or done.sent_at
    assert since is not None
    moment = since + timedelta(seconds=seconds)
    settled_count = sweep_upgrades(clock=lambda: moment)
    done.refresh_from_db()
    return settled_count


def standings(done: AgentUpgrade) -> Counter[str]:
    """Count the numbers of an upgrade by what reading them back has shown."""
    return Counter(done.items.values_list("read_back", flat=True))


def publishings(sandbox: Sandbox) -> list[Received]:
    """List the requests to publish that the stand-in received."""
    return [request for request in patches(sandbox) if request.path.endswith("/published_version")]


def phones_of(project: Project, agent: str) -> list[Phone]:
    """Return the numbers of an agent by our copy."""
    agent_id = target(project, agent, 1).agent.id
    return list(Phone.objects.filter(project=project).using_agents({agent_id}))


def live(sandbox: Sandbox, agent: str) -> int | None:
    """Return the number of the version that the stand-in has published."""
    row = sandbox.projects["aurora"].agent(agent)
    return next((version.number for version in row.versions if version.id == row.published_id), None)
