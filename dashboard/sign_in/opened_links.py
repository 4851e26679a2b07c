"""The links of invitations that were opened in a session: only they let it accept.

A username alone is no proof that the person is meant: somebody else may have taken it, or be given it by a provider.
"""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.http import HttpRequest

from phones.models import Invitation
from phones.services.people.invitations import invitations_for, waiting_among

OPENED = "opened_invitations"


def note_opened(request: HttpRequest, invitation: Invitation) -> None:
    """Note that the link was opened, also for the person that signs in next in this browser."""
    request.session[OPENED] = sorted({*request.session.get(OPENED, []), invitation.pk})


def is_opened(request: HttpRequest, invitation: Invitation) -> bool:
    """Return whether the link was opened in this session."""
    return invitation.pk in request.session.get(OPENED, [])


def all_opened(request: HttpRequest, *, now: datetime) -> Sequence[Invitation]:
    """Return the invitations that were opened in this session and can be accepted, the oldest first."""
    return waiting_among(request.session.get(OPENED, []), now=now)


def waiting_for(request: HttpRequest, user: User, *, now: datetime) -> Sequence[Invitation]:
    """Return the invitations that the signed-in person can accept in this session, the oldest first."""
    return [invitation for invitation in invitations_for(user, now=now) if is_opened(request, invitation)]
