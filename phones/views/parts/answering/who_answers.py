"""Who answers a number, as its drawer shows it: the sentence, and the way to put it right."""

from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from phones.access import Desk
from phones.models import Phone
from phones.services.answering.fix import suggested_target
from phones.services.answering.minutes import has_minutes
from phones.services.answering.who import who_answers
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.editability import policy_for
from phones.wording.phones.answering import AnsweringWords, words_for_answering

# The part of an address that opens a number's form with a version chosen for its incoming calls.
GIVE = "give"


@dataclass(frozen=True, slots=True)
class WhoAnswers:
    """The sentence; `fix_url` opens the form with another agent chosen, "" where none helps or the person may not."""

    words: AnsweringWords
    fix_url: str = ""
    fix_label: str = ""


def who_answers_context(
    desk: Desk, phone: Phone, now: datetime, *, suffix: str = "", is_version_checked: bool = True
) -> WhoAnswers:
    """Return who answers the phone. A query if nobody does, for the agent to give it to."""
    catalogue = catalogue_of(desk.project)
    answering = who_answers(
        phone,
        catalogue,
        are_agents_read=desk.project.agents_read_at is not None,
        has_minutes=has_minutes(desk.project, now),
        is_version_checked=is_version_checked,
    )
    words = words_for_answering(answering, now)
    is_open = desk.may_route and desk.project.is_open and policy_for(phone).can_route
    target = suggested_target(desk.project, catalogue) if answering.is_fixable and is_open else None
    if target is None:
        return WhoAnswers(words)
    query = QueryDict(suffix.removeprefix("?"), mutable=True)
    query[GIVE] = str(target.version.id)
    url = f"{reverse('phone_edit', args=[desk.project.slug, phone.pk])}?{query.urlencode()}"
    names = {"agent": target.agent.name, "version": target.version.label}
    return WhoAnswers(words, url, _("Give it %(agent)s %(version)s") % names)
