"""Three weeks of invented history for the demo: done through the services, at moments of the past.

Everything is what the product writes down by itself when people and outsiders do the same: entries are sealed in the
order in which they are made, the stand-in has the values, and nothing is written past the services. Only the clock is
set back.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from phones import diga
from phones.models import Change, Phone, PlanKind, Project, Role, Source
from phones.services.editing.save import Author, change_phone
from phones.services.notes.tags import change_tags
from phones.services.notes.writing import fingerprint_of, write_note
from phones.services.plans import create, lifecycle
from phones.services.plans.bulk_edits import BulkEdit
from phones.services.plans.drafts import PlanRequest
from phones.services.plans.forecasts.fingerprint import fingerprint_of as fingerprint_of_plan
from phones.services.plans.nickname_patterns import Pattern
from phones.services.projects.clients import client_for
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.lanes import Target
from phones.services.running.runner import run_plan
from phones.services.sync import passes

WEEKS = timedelta(weeks=3)
# Numbers of the plan, and those that are tagged together.
PLANNED, TAGGED = 6, 4


def begin_of_history(now: datetime) -> datetime:
    """Return when the demo's project was connected: three weeks ago, early in the morning."""
    return _at(now, 21, 7)


def _at(now: datetime, days: int, hour: int, minute: int = 0) -> datetime:
    """Return a time of a day of the past, in the zone of the site."""
    day = timezone.localdate(now - timedelta(days=days))
    return timezone.make_aware(datetime.combine(day, time(hour, minute)))


@dataclass(frozen=True, slots=True)
class _Story:
    """A project, its people, and now: the later end of the history."""

    project: Project
    people: Mapping[Role, User]
    now: datetime

    def save(
        self, who: Role, phone: Phone, edit: PhoneEdit, at: datetime, **why: str | Change | Source
    ) -> Change | None:
        """Let somebody save a change, as by the form."""
        phone.refresh_from_db()
        author = Author(self.people[who], form_token=uuid.uuid4(), **why)  # type: ignore[arg-type]
        base = PhoneSnapshot.of(phone)
        result = change_phone(
            project=self.project, phone=phone, edit=edit, base=base, author=author, agreed=None, clock=lambda: at
        )
        return result.change

    def outside(self, phone: Phone, nickname: str, at: datetime) -> None:
        """Let somebody rename a number in Diga, which the next pass finds."""
        client_for(self.project).update_phone(phone.pk, diga.PhoneUpdate(nickname=nickname))
        passes.sync_project(project=self.project, clock=lambda: at)

    def plan(self, who: Role, phones: list[Phone], pattern: str, at: datetime, *, reason: str, ticket: str) -> None:
        """Let somebody rename many numbers by a plan, which runs to its end."""
        edit = BulkEdit(nickname=Pattern.read(pattern))
        request = PlanRequest(
            project=self.project,
            author=self.people[who],
            kind=PlanKind.CHANGE,
            draft=edit.draft(phones),
            reason=reason,
            ticket=ticket,
            wish=edit.wish(),
        )
        plan = create.create_plan(request, clock=lambda: at)
        lifecycle.apply_plan(
            plan=plan,
            by=self.people[who],
            reviewed=fingerprint_of_plan(plan),
            typed=str(len(phones)),
            clock=lambda: at + timedelta(minutes=2),
        )
        plan.refresh_from_db()
        run_plan(plan=plan, clock=lambda: at + timedelta(minutes=3), may_run=lambda _plan: True)

    def tell(self) -> None:
        """Do it all, in the order of time."""
        phones = list(Phone.objects.filter(project=self.project, status="assigned").order_by("number", "id"))
        first, second, third, *others = phones
        now, catalogue = self.now, catalogue_of(self.project)
        live = [agent for agent in catalogue.offered if agent.published]
        other = next(agent for agent in live if agent.id not in (second.inbound_agent_id, second.outbound_agent_id))
        target = Target(other, other.published)  # type: ignore[arg-type]
        self.save(Role.LABELLER, first, PhoneEdit("Recepción Teatinos"), _at(now, 19, 9, 12), ticket="CAU-1841")
        write_note(
            phone=first,
            note="La centralita del edificio antiguo desvía aquí hasta fin de mes.",
            seen=fingerprint_of(""),
            actor=self.people[Role.LABELLER],
            clock=lambda: _at(now, 19, 9, 20),
        )
        self.outside(third, "Prueba proveedor", _at(now, 17, 12, 30))
        moved = self.save(
            Role.ROUTER,
            second,
            PhoneEdit(inbound=target),
            _at(now, 14, 10, 5),
            reason="Turno de tarde",
            ticket="CAU-1902",
        )
        if moved and (lane := moved.before.get("inbound")) and (agent := catalogue.agent(lane.agent_id)):
            back = PhoneEdit(inbound=Target(agent, agent.published)) if agent.published else PhoneEdit(inbound=None)
            why: dict[str, str | Change | Source] = {
                "source": Source.REVERT,
                "reverts": moved,
                "reason": "Era otro número",
            }
            self.save(Role.ROUTER, second, back, _at(now, 14, 10, 31), **why)
        named = others[:PLANNED]
        self.plan(Role.LEAD, named, "Citas {n}", _at(now, 9, 11, 40), reason="Campaña de otoño", ticket="CAU-1966")
        change_tags(
            project=self.project,
            phone_ids=[phone.pk for phone in named[:TAGGED]],
            add=["campaña otoño"],
            actor=self.people[Role.LEAD],
            clock=lambda: _at(now, 9, 12, 0),
        )
        self.outside(others[PLANNED], "Línea nueva", _at(now, 4, 16, 45))
        self.save(Role.LABELLER, third, PhoneEdit("Facturación"), _at(now, 1, 9, 3), ticket="CAU-2044")


def tell_history(*, project: Project, people: Mapping[Role, User], now: datetime) -> None:
    """Give a project that has just been connected three weeks of history, which end before today."""
    passes.sync_project(project=project, clock=lambda: begin_of_history(now))
    project.refresh_from_db()
    _Story(project, people, now).tell()
