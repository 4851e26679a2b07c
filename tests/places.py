"""Every address of the site, and what stands at it: one phone, change, sync, membership and so on a project."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from phones.models import Agent, Membership, Phone, Project, Role, SavedView
from phones.services.admitting import Invitation, admit
from phones.services.intention import Intention
from tests.fixtures.desk import make_user
from tests.planned import make_plan
from tests.tampering import alter
from tests.test_views_changes import add_changes


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
        return reverse(self.name, kwargs={part: values[part] for part in self.parts})


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


def things_of(project: Project, actor: User) -> dict[str, Any]:
    """Make what the addresses of a project need, and return its ids by the names of the parts."""
    phone = Phone.objects.filter(project=project, status="assigned").order_by("number", "id")[0]
    member = make_user(f"member-of-{project.slug}")
    invitation = admit(
        project=project,
        username=f"guest-of-{project.slug}",
        full_name="Guest Ruiz",
        role=Role.VIEWER,
        actor=actor,
        now=timezone.now(),
    )
    assert isinstance(invitation, Invitation)
    seen = {"nickname": "As it was", "inbound": None, "outbound": None, "status": "assigned"}
    alter(Phone.objects.filter(pk=phone.pk), first_seen_at=timezone.now(), first_seen=seen)
    return {
        "slug": project.slug,
        "phone_id": phone.pk,
        "agent_id": Agent.objects.filter(project=project).order_by("name", "id")[0].pk,
        "change_id": add_changes(phone, 1)[0].pk,
        "plan_id": make_plan(actor, [phone], Intention(nickname="As a plan has it")).pk,
        "run_id": project.sync_runs.latest("pk").pk,
        "membership_id": Membership.objects.create(project=project, user=member, role=Role.VIEWER).pk,
        "view_id": SavedView.objects.create(project=project, owner=actor, name="Shared", is_shared=True).pk,
        "code": invitation.code,
    }
