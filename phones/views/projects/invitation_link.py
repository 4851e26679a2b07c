"""The link of a new invitation."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from phones.access import Desk
from phones.services.people.invitations import Issued


def show_link(request: HttpRequest, desk: Desk, issued: Issued) -> HttpResponse:
    """Return the page with the link. Not a redirect: the code isn't stored, so only this answer can have it."""
    link = settings.SITE_URL + reverse("invitation_accept", args=[issued.code])
    context = {"desk": desk, "section": "settings", "invitation": issued.invitation, "link": link}
    return render(request, "people/invitation_link.html", context)
