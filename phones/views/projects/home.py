"""The start page, and the person's own account."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from phones.access import DeskRequest, may_connect, memberships_of
from phones.services.people.sessions import sessions_of
from phones.views.projects.sessions import session_lines


@require_GET
def home(request: DeskRequest) -> HttpResponse:
    """Redirect to the person's first project, with their default view; without a project, say what happens next."""
    memberships = memberships_of(request.user)
    if memberships:
        project, membership = next(iter(memberships.items()))
        return redirect(reverse("phone_list", args=[project.slug]) + membership.opens_with)
    if may_connect(request.user):
        return redirect("project_connect")
    return render(request, "projects/home_empty.html")


@require_GET
def account(request: DeskRequest) -> HttpResponse:
    """Show the person's own account: language, password, second factor, sessions."""
    own = sessions_of(request.user, now=timezone.now())
    return render(request, "projects/account.html", {"sessions": session_lines(request, own)})
