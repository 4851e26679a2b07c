"""What is to be done on the first day of a project, and what of it is done, as the database has it."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q

from phones.models import Invitation, Membership, Preference, Project, SavedView


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What is done: a complete sync, somebody else in the project or invited to it, a view that the person has."""

    is_synced: bool
    has_people: bool
    has_view: bool

    @property
    def done_count(self) -> int:
        """How many of the three are done."""
        return sum((self.is_synced, self.has_people, self.has_view))


def first_steps_of(*, project: Project, person: User, now: datetime) -> FirstSteps | None:
    """Return what of the first day is done; None if all is, or if the person has hidden it. One query.

    An invitation counts until it is over, a shared view for everybody.
    """
    others = Membership.objects.filter(project=OuterRef("pk")).exclude(user=person)
    invited = Invitation.objects.open().filter(project=OuterRef("pk"), expires_at__gt=now)
    views = SavedView.objects.filter(Q(owner=person) | Q(is_shared=True), project=OuterRef("pk"))
    hidden = Preference.objects.filter(user=person, has_first_steps=False)
    has_others, has_invited, has_view, is_hidden = (
        Project.objects.filter(pk=project.pk)
        .values_list(Exists(others), Exists(invited), Exists(views), Exists(hidden))
        .get()
    )
    steps = FirstSteps(project.synced_at is not None, has_others or has_invited, has_view)
    return None if is_hidden or steps.done_count == 3 else steps
