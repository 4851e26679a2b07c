"""How tests publish a version of an agent for all its numbers by a plan, and read them back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.plans import start
from phones.diga.sandbox import Received, Sandbox
from phones.models import Membership, Phone, Plan, Project, PublishRequest, Role
from phones.services.plans.publishing.create import make_publish_plan
from phones.services.running.publish_outcome import sweep_requests
from tests.support.desk.planned import work_at
from tests.support.desk.saving import patches, target

Clock = Callable[[], datetime]
AGENTS = "/v1/agent/"


def a_lead(project: Project) -> User:
    """Return somebody who may publish."""
    member = Membership.objects.filter(project=project, role=Role.LEAD).order_by("pk").first()
    if member:
        return member.user
    person = User.objects.create_user("publisher", first_name="Paz", last_name="Ruiz")
    Membership.objects.create(project=project, user=person, role=Role.LEAD)
    return person


def plan_of(project: Project, agent: str, number: int, *, by: User | None = None, **more: Any) -> Plan:
    """Make a plan that publishes a version."""
    wanted = target(project, agent, number)
    given: dict[str, Any] = {"reason": "Autumn hours", "ticket": "T-9", "clock": timezone.now}
    return make_publish_plan(
        project=Project.objects.get(pk=project.pk),
        agent_id=wanted.agent.id,
        version_id=wanted.version.id,
        author=by or a_lead(project),
        **(given | more),
    )


def publish(
    project: Project, agent: str, number: int, *, by: User | None = None, clock: Clock = timezone.now, **more: Any
) -> Plan:
    """Make such a plan, apply it as it is shown, and let a worker send its request, which then stops."""
    plan = plan_of(project, agent, number, by=by, **more)
    return send(start(plan, plan.author or a_lead(project)), clock=clock)


def send(plan: Plan, **more: Any) -> Plan:
    """Let a worker send the request of a running plan, and stop before it reads numbers back."""
    work_at(plan, **({"should_stop": lambda: True} | more))
    return fresh(plan)


def read_back(plan: Plan, **more: Any) -> Plan:
    """Let one worker read the numbers back."""
    work_at(plan, **more)
    return fresh(plan)


def fresh(plan: Plan) -> Plan:
    """Return the plan as its row is now, with its request where there is one."""
    return Plan.objects.select_related("project", "request", "author").get(pk=plan.pk)


def sweep_after(plan: Plan, seconds: float) -> list[int]:
    """Let the sweeper come by so long after the answer was lost, or after a dead sender wrote the request down."""
    request = PublishRequest.objects.get(plan=plan)
    moment = (request.answer_lost_at or request.sent_at) + timedelta(seconds=seconds)
    return sweep_requests(clock=lambda: moment)


def outcome(plan: Plan) -> str:
    """Return what became of the request."""
    return PublishRequest.objects.get(plan=plan).outcome


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
