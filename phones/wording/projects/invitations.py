"""Invitations in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from phones.models import InvitationState

# Why an invitation can't be accepted, for the person it was sent to.
OVER: dict[InvitationState, Promise] = {
    InvitationState.ACCEPTED: _("It was used: the account exists. Sign in with it."),
    InvitationState.REVOKED: _("It was revoked. Ask for a new one."),
    InvitationState.REPLACED: _("A newer one was sent for you: use its link, or ask for another."),
    InvitationState.EXPIRED: _("It was valid for three days. Ask for a new one."),
    InvitationState.WITHDRAWN: _("Whoever sent it is no longer an administrator of the project. Ask for a new one."),
}
# Why it can't be changed, for administrators.
NOT_CHANGED: dict[InvitationState, Promise] = {
    InvitationState.ACCEPTED: _("This invitation was accepted meanwhile. Nothing was changed."),
    InvitationState.REVOKED: _("This invitation was revoked meanwhile. Nothing was changed."),
    InvitationState.REPLACED: _("A newer invitation has replaced this one. Nothing was changed."),
}
