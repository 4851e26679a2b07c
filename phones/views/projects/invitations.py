"""Invitations: a new link and revoking, for administrators; accepting and declining, for those who are invited."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from dashboard.sign_in.opened_links import is_opened, note_opened
from phones.access import DeskRequest, Right, open_desk
from phones.forms.people import AcceptForm
from phones.models import Invitation
from phones.services.people import invitations
from phones.views.post_only import post_only
from phones.views.projects.invitation_link import show_link
from phones.views.projects.people import show_people
from phones.wording.projects.invitations import NOT_CHANGED, OVER


@post_only
def invitation_edit(request: DeskRequest, slug: str, invitation_id: int) -> HttpResponse:
    """Revoke an invitation, or replace it by one with a new link."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    invitation = get_object_or_404(Invitation.objects.select_related("project"), pk=invitation_id, project=desk.project)
    now = timezone.now()
    try:
        if "revoke" not in request.POST:
            return show_link(request, desk, invitations.invite_again(invitation, actor=desk.user, now=now))
        invitations.revoke(invitation, actor=desk.user, now=now)
    except invitations.InvitationOver as over:
        return show_people(request, desk, problem=str(NOT_CHANGED[over.state]), status=409)
    except invitations.AlreadyMember:
        problem = _("%(name)s is a member already. Nothing was changed.")
        return show_people(request, desk, problem=problem % {"name": invitation.username}, status=409)
    messages.success(request, _("The invitation for %(name)s is revoked.") % {"name": invitation.username})
    return redirect("people_list", slug)


@require_http_methods(["GET", "POST"])
@login_not_required
@sensitive_post_parameters("password1", "password2")
def invitation_accept(request: HttpRequest, code: str) -> HttpResponse:
    """Create an invited person's account with the password they choose, or have them sign in: the link works once.

    The page is the same whether or not the username has an account.
    """
    now = timezone.now()
    try:
        invitation = invitations.find_invitation(code, now=now)
        note_opened(request, invitation)
        if request.user.is_authenticated:
            return _for_signed_in(request, invitation)
        user = invitations.new_user(invitation)
        form = AcceptForm(request.POST if request.method == "POST" else None, user=user)
        if not form.is_valid():
            return _show_invitation(request, invitation, form)
        invitations.accept_as_new(code, password=form.cleaned_data["password1"], now=now)
    except invitations.AccountExists:
        form.add_error(None, _("There is an account of this username. Sign in with it: the invitation waits for you."))
        return _show_invitation(request, invitation, form)
    except invitations.UnknownInvitation:
        problem = _("This link is not an invitation of ours. Copy the whole link, or ask for a new one.")
        return render(request, "people/invitation_over.html", {"problem": problem}, status=404)
    except invitations.InvitationOver as over:
        return render(request, "people/invitation_over.html", {"problem": OVER[over.state]}, status=410)
    messages.success(request, _("Your account is ready. Sign in with your username and the password you chose."))
    return redirect("account_login")


def _for_signed_in(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Send the invited person to where the invitation waits, and nobody else."""
    if request.user.is_authenticated and invitations.is_for(invitation, request.user):
        return redirect("home")
    return render(request, "people/invitation_foreign.html", {"invitation": invitation}, status=403)


def _show_invitation(request: HttpRequest, invitation: Invitation, form: AcceptForm) -> HttpResponse:
    context = {"invitation": invitation, "form": form}
    return render(request, "people/invitation_accept.html", context, status=422 if form.is_bound else 200)


@post_only
def invitation_join(request: DeskRequest, invitation_id: int) -> HttpResponse:
    """Make the signed-in person, who opened the link of an invitation for them, a member; or decline it."""
    invitation = get_object_or_404(Invitation.objects.select_related("project"), pk=invitation_id)
    if not invitations.is_for(invitation, request.user) or not is_opened(request, invitation):
        raise Http404
    now = timezone.now()
    try:
        if "decline" in request.POST:
            invitations.revoke(invitation, actor=request.user, now=now)
            messages.success(request, _("You declined the invitation."))
            return redirect("home")
        membership = invitations.accept(invitation, user=request.user, now=now)
    except invitations.InvitationOver as over:
        return render(request, "people/invitation_over.html", {"problem": OVER[over.state]}, status=410)
    messages.success(request, _("You are a member of %(project)s now.") % {"project": membership.project.name})
    return redirect("phone_list", membership.project.slug)
