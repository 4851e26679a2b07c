"""Sign-in sessions: a person's own, those of a member, and those of everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from phones.access import DeskRequest, Right, demand_superuser, open_desk
from phones.models import Membership, Project, Session
from phones.services.display_names import name_apart, name_of, unique_name_of
from phones.services.people import sessions as people_sessions
from phones.views.post_only import post_only
from phones.wording.projects.browsers import browser_words


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session as a list shows it."""

    handle: str
    person: str
    browser: str
    address: str
    signed_in_at: datetime | None
    seen_at: datetime
    is_this: bool


def session_lines(request: DeskRequest, sessions: Sequence[Session]) -> list[SessionLine]:
    """Return the lines of a list, the browser that asks for it first."""
    lines = [_line(session, session.pk == request.session.session_key) for session in sessions]
    return sorted(lines, key=lambda line: not line.is_this)


def _line(session: Session, is_this: bool) -> SessionLine:
    sign_in = session.sign_in
    return SessionLine(
        session.handle,
        name_apart(name_of(session.user), session.user.get_username()) if session.user else "",
        browser_words(sign_in.user_agent),
        sign_in.address,
        sign_in.at,
        session.seen_at,
        is_this,
    )


@post_only
def account_sessions(request: DeskRequest) -> HttpResponse:
    """End one of the person's own sessions, or all but this one."""
    own = people_sessions.sessions_of(request.user, now=timezone.now())
    if "end" in request.POST:
        _end_one(request, own)
    else:
        people_sessions.end_all_sessions(
            request.user, actor=request.user, now=timezone.now(), spared=request.session.session_key
        )
        messages.success(request, _("Your other sessions are ended."))
    return redirect("account")


@require_http_methods(["GET", "POST"])
def person_sessions(request: DeskRequest, slug: str, membership_id: int) -> HttpResponse:
    """Show the sessions of a member; end one of them, or all."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    membership = get_object_or_404(Membership.objects.select_related("user"), pk=membership_id, project=desk.project)
    sessions, name = people_sessions.sessions_of(membership.user, now=timezone.now()), unique_name_of(membership.user)
    if request.method == "GET":
        lines = session_lines(request, sessions)
        context = {"desk": desk, "section": "settings", "membership": membership, "sessions": lines, "name": name}
        return render(request, "people/person_sessions.html", context)
    if "end" in request.POST:
        _end_one(request, sessions, desk.project)
    else:
        people_sessions.end_all_sessions(membership.user, actor=desk.user, now=timezone.now(), project=desk.project)
        messages.success(request, _("All sessions of %(name)s are ended.") % {"name": name})
    return redirect("person_sessions", slug, membership_id)


@require_http_methods(["GET", "POST"])
def session_list(request: DeskRequest) -> HttpResponse:
    """Show the sessions of everybody, and end one of them: superusers only."""
    demand_superuser(request)
    sessions = people_sessions.all_sessions(now=timezone.now())
    if request.method == "GET":
        return render(request, "people/session_list.html", {"sessions": session_lines(request, sessions)})
    _end_one(request, sessions)
    return redirect("session_list")


def _end_one(request: DeskRequest, sessions: Sequence[Session], project: Project | None = None) -> None:
    try:
        user = people_sessions.end_session(
            sessions, request.POST.get("end", ""), actor=request.user, now=timezone.now(), project=project
        )
    except people_sessions.UnknownSession:
        messages.info(request, _("This session was over already."))
    else:
        messages.success(request, _("A session of %(name)s is ended.") % {"name": unique_name_of(user)})
