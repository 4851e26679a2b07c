"""Where a person lands, and their own account."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from phones.access import DeskRequest, may_connect, projects_of


@require_GET
def home(request: DeskRequest) -> HttpResponse:
    """Send the person to their first project's phones; without one, say what happens next."""
    projects = projects_of(request.user)
    if projects:
        return redirect("phone_list", projects[0].slug)
    if may_connect(request.user):
        return redirect("project_connect")
    return render(request, "phones/home_empty.html")


@require_GET
def account(request: DeskRequest) -> HttpResponse:
    """Show the person's own account: language, password, second factor."""
    return render(request, "phones/account.html")
