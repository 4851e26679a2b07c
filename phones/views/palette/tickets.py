"""A pasted ticket in the palette: each number now and then, with the guard, and what has to be asked."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from phones.access import Desk
from phones.forms.phones import PhoneForm
from phones.forms.tickets import TicketPlanForm
from phones.forms.versions import version_of
from phones.models import Phone
from phones.services.editing.guard import impacts_of
from phones.services.finding.resolve import Resolved, resolve
from phones.services.number_reader.reader import TooMuch, read_paste
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.routing.editability import policy_for
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.lanes import Target
from phones.services.tickets.reading import Ticket, is_ask, read_ticket
from phones.views.parts.addresses import uuid_from
from phones.views.parts.saving.guard import Guard, guard_of
from phones.wording.history.changes import why_closed
from phones.wording.phones.tickets_read import words_for_doubt

# A longer text is for the finder. Of so many numbers each is shown with its guard.
TEXT_LIMIT = 2000
GUARDED_LIMIT = 10


@dataclass(frozen=True, slots=True)
class NumberLine:
    """A number of the ticket: who answers now, and what giving it the version would do; `why_not` where it can't be."""

    phone: Phone
    url: str
    now: str
    guard: Guard | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that the person may mean, with the address of the palette in which that is settled."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class TicketCard:
    """A ticket as it was read. `save` or `plan` is the form that does it; neither where something has to be asked."""

    then: str
    numbers: list[NumberLine]
    questions: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    reference: str = ""
    save: PhoneForm | None = None
    plan: TicketPlanForm | None = None

    @property
    def only(self) -> NumberLine:
        """The one number of a ticket that is saved."""
        return self.numbers[0]


def ticket_of(desk: Desk, text: str, query: QueryDict) -> TicketCard | None:
    """Return the card of a text that asks for something with numbers; None for any other, and who may not route.

    `query` has the person's answers: which `version`, and which numbers (`phone`, several times).
    """
    catalogue = catalogue_of(desk.project)
    if not desk.may_route or not is_ask(text, catalogue):
        return None
    try:
        candidates = read_paste(text).candidates
    except TooMuch:
        return None
    resolved = resolve(projects=[desk.project], candidates=candidates)
    if not (resolved.numbers or resolved.choices or resolved.missing):
        return None
    ticket = read_ticket(text, catalogue, chosen=version_of(catalogue, query.get("version", "")))
    ids = [found for each in query.getlist("phone") if (found := uuid_from(each))]
    return _card(desk, text, catalogue, ticket, resolved, ids, query.get("version", ""))


def _card(
    desk: Desk, text: str, catalogue: Catalogue, ticket: Ticket, resolved: Resolved, ids: list[uuid.UUID], version: str
) -> TicketCard:
    known = [*resolved.found, *(phone for choice in resolved.choices for phone in choice.phones)]
    phones = [phone for phone in known if phone.pk in ids] if ids else resolved.found

    def at(**answers: object) -> str:
        given = {"q": text, "version": version, "phone": [str(phone_id) for phone_id in ids]} | answers
        query = urlencode({name: value for name, value in given.items() if value}, doseq=True)
        return f"{reverse('palette', args=[desk.project.slug])}?{query}"

    questions = [words_for_doubt(doubt) for doubt in ticket.doubts]
    choices = [Choice(_label(target), at(version=target.version.id)) for target in ticket.choices]
    if resolved.choices and not ids:
        questions.append(_("A number is given in part. Which one is meant?"))
        named = [phone.pk for phone in phones]
        choices += [
            Choice(phone.shown, at(phone=[*named, phone.pk])) for each in resolved.choices for phone in each.phones
        ]
    target = ticket.target if not questions else None
    lines = [_line(desk, phone, catalogue, target, len(phones)) for phone in phones]
    if len(phones) > 1 and target and not desk.may_bulk:
        questions.append(_("Your role changes one number at a time. Which one first?"))
        choices = [Choice(phone.shown, at(phone=[phone.pk])) for phone in phones]
    is_ready = target is not None and not questions and desk.project.is_open
    missing = [] if ids else resolved.absent
    card = TicketCard(_label(target) if target else "", lines, questions, choices, missing, ticket.reference)
    return _with_form(desk, card, catalogue, target) if is_ready and target else card


def _label(target: Target) -> str:
    return f"{target.agent.name} {target.version.label}"


def _line(desk: Desk, phone: Phone, catalogue: Catalogue, target: Target | None, count: int) -> NumberLine:
    agent = catalogue.agent(phone.inbound_agent_id)
    live = agent.published if agent else None
    unknown = _("Unknown agent") if phone.inbound_agent_id else _("No agent")
    now = f"{agent.name} {live.label if live else ''}".strip() if agent else unknown
    url = reverse("phone_edit", args=[desk.project.slug, phone.pk])
    if target is None:
        return NumberLine(phone, url, now)
    policy = policy_for(phone)
    if not policy.can_route:
        return NumberLine(phone, url, now, why_not=why_closed(policy.why) if policy.why else "")
    if agent and agent.id == target.agent.id and live == target.version:
        return NumberLine(phone, url, now, why_not=_("Already so."))
    impacts = impacts_of(phone, PhoneEdit(inbound=target)) if count <= GUARDED_LIMIT else ()
    return NumberLine(phone, url, now, guard_of(impacts, None))


def _with_form(desk: Desk, card: TicketCard, catalogue: Catalogue, target: Target) -> TicketCard:
    """Return the card with the form that does it: that of the number, or one that makes a plan of several."""
    able: Sequence[NumberLine] = [line for line in card.numbers if not line.why_not]
    if not able:
        return card
    if len(card.numbers) == 1:
        if card.only.guard is None or card.only.guard.is_refused:
            return card
        given = {"inbound_version_id": str(target.version.id), "ticket": card.reference}
        form = PhoneForm(phone=card.only.phone, catalogue=catalogue, can_route=True, initial=given)
        return replace(card, save=form)
    reason = _("As the ticket asks") if card.reference else _("As a pasted text asks")
    given = {
        "phones": ",".join(str(line.phone.pk) for line in able),
        "version": str(target.version.id),
        "ticket": card.reference,
        "reason": reason,
    }
    return replace(card, plan=TicketPlanForm(catalogue=catalogue, initial=given))
