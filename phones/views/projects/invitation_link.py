"""The links of new invitations."""

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from phones.access import Desk
from phones.services.people.invitations import Issued


def show_link(request: HttpRequest, desk: Desk, issued: Issued) -> HttpResponse:
    """Return the page with the link. Not a redirect: the code isn't stored, so only this answer can have it."""
    context = {"desk": desk, "section": "settings", "invitation": issued.invitation, "link": _link(issued)}
    return render(request, "people/invitation_link.html", context)


def show_links(request: HttpRequest, desk: Desk, issued: Sequence[Issued]) -> HttpResponse:
    """Return the page with the links of several invitations, all of which end at the same time."""
    context = {
        "desk": desk,
        "section": "settings",
        "until": issued[0].invitation.expires_at,
        "links": [(each.invitation, _link(each)) for each in issued],
    }
    return render(request, "people/invitation_links.html", context)


def _link(issued: Issued) -> str:
    return str(settings.SITE_URL + reverse("invitation_accept", args=[issued.code]))
