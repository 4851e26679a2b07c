"""The members of a project and their roles, and the acceptance of an invitation."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.people import AcceptForm, AdmitForm, RoleForm
from phones.models import Membership
from phones.services.display_names import unique_name_of
from phones.services.people import members as people_members


@require_http_methods(["GET", "POST"])
def people_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the members; add a person, at once or by an invitation that is shown only in this answer."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    if request.method == "GET":
        return _show_people(request, desk)
    form = AdmitForm(request.POST)
    if not form.is_valid():
        return _show_people(request, desk, form=form, status=422)
    try:
        admitted = people_members.admit(project=desk.project, actor=desk.user, now=timezone.now(), **form.cleaned_data)
    except people_members.AlreadyMember:
        form.add_error("username", _("This person is a member already. Change the role in the list."))
        return _show_people(request, desk, form=form, status=422)
    if isinstance(admitted, people_members.Invitation):
        # Not a redirect: the link is not stored, so it can be shown only in this answer.
        link = settings.SITE_URL + reverse("invitation_accept", args=[admitted.code])
        context = {"desk": desk, "section": "settings", "invitation": admitted, "link": link}
        return render(request, "people/invitation_link.html", context)
    messages.success(request, _("%(name)s is a member now.") % {"name": _name(admitted)})
    return redirect("people_list", slug)


def _show_people(
    request: DeskRequest, desk: Desk, *, form: AdmitForm | None = None, problem: str = "", status: int = 200
) -> HttpResponse:
    people = [
        (membership, RoleForm(initial={"role": membership.role}, auto_id=f"id_%s_{membership.pk}"))
        for membership in people_members.members_of(desk.project)
    ]
    context: dict[str, Any] = {
        "desk": desk,
        "section": "settings",
        "people": people,
        "form": form or AdmitForm(),
        "problem": problem,
    }
    return render(request, "people/people_list.html", context, status=status)


@require_http_methods(["GET", "POST"])
def person_edit(request: DeskRequest, slug: str, membership_id: int) -> HttpResponse:
    """Ask whether to remove a member; change their role, or remove them."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    membership = get_object_or_404(Membership.objects.select_related("user"), pk=membership_id, project=desk.project)
    if request.method == "GET":
        context = {"desk": desk, "section": "settings", "membership": membership, "name": _name(membership)}
        return render(request, "people/person_remove.html", context)
    try:
        if "remove" in request.POST:
            return _remove(request, desk, membership)
        return _change_role(request, desk, membership)
    except people_members.LastAdministrator:
        problem = _("%(name)s is the last administrator. Make somebody else an administrator first.")
        return _show_people(request, desk, problem=problem % {"name": _name(membership)}, status=422)


def _change_role(request: DeskRequest, desk: Desk, membership: Membership) -> HttpResponse:
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _show_people(request, desk, problem=_("This role doesn’t exist. Choose one of the list."), status=422)
    people_members.change_role(
        membership=membership, role=form.cleaned_data["role"], actor=desk.user, now=timezone.now()
    )
    words = {"name": _name(membership), "role": membership.get_role_display()}
    messages.success(request, _("%(name)s: the role is now %(role)s.") % words)
    return _back(desk, membership)


def _remove(request: DeskRequest, desk: Desk, membership: Membership) -> HttpResponse:
    people_members.remove_member(membership=membership, actor=desk.user, now=timezone.now())
    messages.success(request, _("%(name)s is no longer a member.") % {"name": _name(membership)})
    return _back(desk, membership)


def _back(desk: Desk, membership: Membership) -> HttpResponse:
    """Redirect to the list, unless the person has just lost access to it."""
    is_self = membership.user_id == desk.user.pk and not desk.user.is_superuser
    return redirect("home") if is_self else redirect("people_list", desk.project.slug)


def _name(membership: Membership) -> str:
    return unique_name_of(membership.user)


@require_http_methods(["GET", "POST"])
@login_not_required
@sensitive_post_parameters("password1", "password2")
def invitation_accept(request: HttpRequest, code: str) -> HttpResponse:
    """Create an invited person's account with the password they choose, once."""
    now = timezone.now()
    try:
        pending = people_members.open_invitation(code, now=now)
        if request.method == "GET":
            return _show_invitation(request, pending, AcceptForm(user=pending.user))
        form = AcceptForm(request.POST, user=pending.user)
        if not form.is_valid():
            return _show_invitation(request, pending, form, status=422)
        people_members.accept_invitation(code, password=form.cleaned_data["password1"], now=now)
    except people_members.UnknownInvitation:
        problem = _("This link is not an invitation of ours. Copy the whole link, or ask for a new one.")
        return render(request, "people/invitation_over.html", {"problem": problem}, status=404)
    except people_members.InvitationOver as over:
        return render(request, "people/invitation_over.html", {"problem": over.why}, status=410)
    messages.success(request, _("Your account is ready. Sign in with your username and the password you chose."))
    return redirect("account_login")


def _show_invitation(
    request: HttpRequest, pending: people_members.PendingMember, form: AcceptForm, status: int = 200
) -> HttpResponse:
    return render(request, "people/invitation_accept.html", {"pending": pending, "form": form}, status=status)
