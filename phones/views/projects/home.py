"""The start page, and the person's own account."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dashboard.sign_in.opened_links import waiting_for
from phones.access import DeskRequest, may_connect, roles_of, shell_of
from phones.services.people.preferences import choose_shortcuts, has_shortcuts
from phones.services.people.sessions import sessions_of
from phones.views.post_only import post_only
from phones.views.projects.sessions import session_lines


@require_GET
def home(request: DeskRequest) -> HttpResponse:
    """Redirect to the person's first project, with their default view; without a project, say what happens next.

    Invitations that wait for the person come first.
    """
    project = next(iter(roles_of(request.user)), None)
    phones_url = (
        reverse("phone_list", args=[project.slug]) + shell_of(request.user, project).opens_with if project else ""
    )
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
    """Show the person's own account: language, keyboard, password, second factor, sessions."""
    now = timezone.now()
    own = session_lines(request, sessions_of(request.user, now=now))
    context = {
        "sessions": own,
        "invitations": waiting_for(request, request.user, now=now),
        "has_shortcuts": has_shortcuts(person=request.user),
    }
    return render(request, "projects/account.html", context)


@post_only
def account_shortcuts(request: DeskRequest) -> HttpResponse:
    """Turn the shortcuts of a single key on or off for this person."""
    is_on = request.POST.get("shortcuts") == "on"
    choose_shortcuts(person=request.user, is_on=is_on)
    messages.success(request, _("Single keys are shortcuts.") if is_on else _("Single keys do nothing."))
    return redirect("account")
