"""The members of a project and their roles, and who is invited."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.people import InviteForm, InviteSeveralForm, RoleForm
from phones.models import Membership
from phones.services.display_names import unique_name_of
from phones.services.people import invitations
from phones.services.people import members as people_members
from phones.views.projects.invitation_link import show_link, show_links


@require_http_methods(["GET", "POST"])
def people_list(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the members and the open invitations; invite a person by a link that is shown only in this answer."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    if request.method == "GET":
        return show_people(request, desk)
    if "people" in request.POST:
        return _invite_several(request, desk)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return show_people(request, desk, form=form, status=422)
    try:
        issued = invitations.invite(project=desk.project, actor=desk.user, now=timezone.now(), **form.cleaned_data)
    except invitations.AlreadyMember:
        form.add_error("username", _("This person is a member already. Change the role in the list."))
        return show_people(request, desk, form=form, status=422)
    return show_link(request, desk, issued)


def _invite_several(request: DeskRequest, desk: Desk) -> HttpResponse:
    form = InviteSeveralForm(request.POST, auto_id="id_several_%s")
    if not form.is_valid():
        return show_people(request, desk, several_form=form, status=422)
    try:
        issued = invitations.invite_several(
            project=desk.project, actor=desk.user, now=timezone.now(), **form.cleaned_data
        )
    except invitations.AlreadyMember as member:
        form.add_error("people", _("%(name)s is a member already. Nobody was invited.") % {"name": member})
        return show_people(request, desk, several_form=form, status=422)
    return show_links(request, desk, issued)


def show_people(
    request: DeskRequest,
    desk: Desk,
    *,
    form: InviteForm | None = None,
    several_form: InviteSeveralForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """Return the page of the people, with what is wrong with a form or an act."""
    people = [
        (membership, RoleForm(initial={"role": membership.role}, auto_id=f"id_%s_{membership.pk}"))
        for membership in people_members.members_of(desk.project)
    ]
    context: dict[str, Any] = {
        "desk": desk,
        "section": "settings",
        "people": people,
        "invitations": invitations.open_invitations(desk.project, now=timezone.now()),
        "form": form or InviteForm(),
        "several_form": several_form or InviteSeveralForm(auto_id="id_several_%s"),
        "is_several": several_form is not None,
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
        return show_people(request, desk, problem=problem % {"name": _name(membership)}, status=422)
    except people_members.NotAMember:
        problem = _("%(name)s was removed meanwhile. Nothing was changed.")
        return show_people(request, desk, problem=problem % {"name": _name(membership)}, status=409)


def _change_role(request: DeskRequest, desk: Desk, membership: Membership) -> HttpResponse:
    form = RoleForm(request.POST)
    if not form.is_valid():
        return show_people(request, desk, problem=_("This role doesn’t exist. Choose one of the list."), status=422)
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
