"""The start page, and the person's own account."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from phones.access import DeskRequest, may_connect, memberships_of
from phones.services.people.sessions import sessions_of
from phones.views.projects.opened_links import waiting_for
from phones.views.projects.sessions import session_lines


@require_GET
def home(request: DeskRequest) -> HttpResponse:
    """Redirect to the person's first project, with their default view; without a project, say what happens next.

    Invitations that wait for the person come first.
    """
    memberships, phones_url = memberships_of(request.user), ""
    if memberships:
        project, membership = next(iter(memberships.items()))
        phones_url = reverse("phone_list", args=[project.slug]) + membership.opens_with
    if waiting := waiting_for(request, request.user, now=timezone.now()):
        context = {"invitations": waiting, "phones_url": phones_url}
        return render(request, "people/invitations_waiting.html", context)
    if phones_url:
        return redirect(phones_url)
    if may_connect(request.user):
        return redirect("project_connect")
    return render(request, "projects/home_empty.html")


@require_GET
def account(request: DeskRequest) -> HttpResponse:
    """Show the person's own account: language, password, second factor, sessions."""
    now = timezone.now()
    own = session_lines(request, sessions_of(request.user, now=now))
    context = {"sessions": own, "invitations": waiting_for(request, request.user, now=now)}
    return render(request, "projects/account.html", context)
