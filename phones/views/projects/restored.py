"""A restored copy: what waits in it, and letting it go on. For the whole installation, so for superusers only."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from phones.access import DeskRequest, demand_superuser
from phones.services.installation import instances
from phones.services.installation.holding import waiting_work


@require_http_methods(["GET", "POST"])
def copy_release(request: DeskRequest) -> HttpResponse:
    """Show what waits in each project; let all of it go on."""
    projects = demand_superuser(request)
    if request.method == "POST":
        try:
            instances.go_on(by=request.user, now=timezone.now())
        except instances.NothingIsHeld:
            messages.info(request, _("Nothing waited any more. Nothing was changed."))
        else:
            messages.success(request, _("Plans and what is set for a time go on."))
        return redirect("copy_release")
    hosts = sorted(set(instances.waiting_hosts()))
    context = {"hosts": hosts, "waiting": waiting_work(projects, now=timezone.now())}
    return render(request, "projects/copy_release.html", context)
