"""Every address of the site, and what stands at it: one phone, change, sync, membership and so on a project."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from bench.rig.plans import make_plan
from phones.models import (
    Agent,
    Membership,
    Phone,
    Plan,
    PlanKind,
    PlanState,
    Project,
    PublishRequest,
    Role,
    SavedView,
    Schedule,
    ScheduleKind,
)
from phones.services.audit.permalinks import check_of
from phones.services.people.invitations import invite
from phones.services.routing.edits import PhoneEdit
from tests.fixtures.desk import make_user
from tests.support.database.history import add_changes
from tests.support.database.tampering import alter
from tests.support.pages.pages import Answer

# Who may look: a visitor, people with an account, and members from the weakest to the strongest.
KINDS = ("anonymous", "stranger", "viewer", "labeller", "router", "lead", "admin", "superuser")


@dataclass(frozen=True)
class Address:
    """A named pattern of the URLconf, with the names of its parts."""

    name: str
    parts: frozenset[str]

    @property
    def has_object(self) -> bool:
        """True where an id of something in a project is a part."""
        return "slug" in self.parts and len(self.parts) > 1

    def url(self, values: dict[str, Any]) -> str:
        """Return the address of what these values name."""
        known = values | {"check": values.get(f"check of {self.name}")}
        return reverse(self.name, kwargs={part: known[part] for part in self.parts})


def addresses() -> list[Address]:
    """Return all patterns of the URLconf, in its order. One without a name is an error."""

    def walk(resolver: URLResolver, parts: frozenset[str]) -> Iterator[Address]:
        for entry in resolver.url_patterns:
            known = parts | frozenset(entry.pattern.converters)
            if isinstance(entry, URLPattern):
                assert entry.name, f"{entry} has no name"
                yield Address(entry.name, known)
            else:
                yield from walk(entry, known)

    return list(walk(get_resolver(), frozenset()))


def add_publishing(project: Project, *, agent_name: str = "", **values: Any) -> Plan:
    """Make a plan that has published a version of a project's first agent, over and done with, past the services.

    `values` are those of its request that has a field of this name, else of the plan.
    """
    agent = Agent.objects.filter(project=project).order_by("name", "id")[0]
    lane = {"agent_id": str(agent.pk), "agent_name": agent_name or str(agent), "version_id": str(agent.pk)}
    before, after = lane | {"version_number": 1}, lane | {"version_number": 2}
    now = timezone.now()
    names = {field.name for field in PublishRequest._meta.concrete_fields} - {"plan"}
    about = {name: value for name, value in values.items() if name in names}
    wish = {"version": {"how": "PUBLISH", "before": before, "value": after, "is_older": False}}
    known = {"reason": "Autumn hours", "state": PlanState.FINISHED, "created_at": now, "foreseen_at": now, "wish": wish}
    known |= {"started_at": now, "finished_at": now}
    known |= {name: value for name, value in values.items() if name not in names}
    plan = Plan.objects.create(project=project, kind=PlanKind.PUBLISH, **known)
    plan.wish["version"]["upgrade"] = plan.pk
    plan.save(update_fields=["wish"])
    given = {"agent_id": agent.pk, "before": before, "after": after, "sent_at": now, "outcome": "CONFIRMED"}
    PublishRequest.objects.create(plan=plan, **(given | about))
    return plan


def upgrade_id_of(plan: Plan) -> int:
    """Return the number that the plan had as an upgrade of an older release."""
    return int(plan.wish["version"]["upgrade"])


def things_of(project: Project, actor: User) -> dict[str, Any]:
    """Make what the addresses of a project need, and return its ids by the names of the parts."""
    phone = Phone.objects.filter(project=project, status="assigned").order_by("number", "id")[0]
    member = make_user(f"member-of-{project.slug}")
    issued = invite(
        project=project,
        username=f"guest-of-{project.slug}",
        full_name="Guest Ruiz",
        role=Role.VIEWER,
        actor=actor,
        now=timezone.now(),
    )
    seen = {"nickname": "As it was", "inbound": None, "outbound": None, "status": "assigned"}
    alter(Phone.objects.filter(pk=phone.pk), first_seen_at=timezone.now(), first_seen=seen)
    change = add_changes(phone, 1)[0]
    plan = make_plan(actor, [phone], PhoneEdit(nickname="As a plan has it"))
    return {
        "slug": project.slug,
        "phone_id": phone.pk,
        "agent_id": Agent.objects.filter(project=project).order_by("name", "id")[0].pk,
        "change_id": change.pk,
        "check of change_detail": check_of(change),
        "plan_id": plan.pk,
        "check of plan_detail": check_of(plan),
        "schedule_id": Schedule.objects.create(
            project=project,
            kind=ScheduleKind.PUT_BACK,
            phone=phone,
            change=change,
            due_at=timezone.now() + timedelta(hours=1),
            created_at=timezone.now(),
        ).pk,
        "run_id": project.sync_runs.latest("pk").pk,
        "membership_id": Membership.objects.create(project=project, user=member, role=Role.VIEWER).pk,
        "view_id": SavedView.objects.create(project=project, owner=actor, name="Shared", is_shared=True).pk,
        "upgrade_id": upgrade_id_of(add_publishing(project)),
        "invitation_id": issued.invitation.pk,
        "code": issued.code,
        # Of a member, and so of nobody who asks.
        "pk": Authenticator.objects.create(user=member, type="webauthn", data={"name": "Laptop"}).pk,
    }


def ask(client: Client, method: str, url: str, **headers: str) -> Answer:
    """Ask, and undo what the answer did to the tables and to the cookies."""
    window = Client()
    window.cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        response: Answer = getattr(window, method.lower())(url, headers=headers)
        transaction.set_rollback(True)
    return response
