"""The form that undoes a change in the drawer."""

from dataclasses import dataclass

from django.forms import BoundField
from django.urls import reverse
from django.utils.translation import gettext as _

from phones.forms.opened import Opened
from phones.forms.reverting import RevertForm
from phones.models import Change, Phone
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.impact import Impact
from phones.views.parts.changes import ChangeLine
from phones.views.parts.saving.guard import Guard, guard_of


@dataclass(frozen=True, slots=True)
class Undo:
    """The form that undoes a change: `fields` are those it takes back, `url` answers with the drawer.

    `page_url` asks on a page of its own. With `guard` it is asked about in the drawer, because an attempt found that
    live calls are touched; `understood` and `errors` are of that attempt.
    """

    url: str
    page_url: str
    title: str
    opened: str
    reason: str
    ticket: str
    fields: tuple[str, ...]
    guard: Guard | None = None
    understood: BoundField | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to undo a change that was not sent: what was posted, and the effects because of which it was held."""

    change: Change
    form: RevertForm
    found: tuple[Impact, ...] = ()


def undo_of(change: Change, line: ChangeLine, phone: Phone, attempt: Attempt | None = None) -> Undo | None:
    """Return the form that undoes a change, None where it has to be looked at on its page first, or can't be undone."""
    if not line.undo_fields:
        return None
    form, found = (attempt.form, attempt.found) if attempt else (None, ())
    names, slug = {"id": change.pk}, phone.project.slug
    return Undo(
        url=reverse("phone_undo", args=[slug, phone.pk, change.pk]),
        page_url=line.revert_url,
        title=_("Undo change #%(id)d") % names,
        opened=Opened.of(phone, catalogue_of(phone.project)).packed(phone.pk),
        reason=_("Undoes change #%(id)d") % names,
        ticket=change.ticket,
        fields=line.undo_fields,
        guard=guard_of(found, form.agreed(), is_found=True) if form and found else None,
        understood=form["understood"] if form and found else None,
        errors=tuple(str(text) for texts in form.errors.values() for text in texts) if form and not found else (),
    )
