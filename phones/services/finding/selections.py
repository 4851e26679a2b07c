"""The phones of a plan: those that were ticked, or all of a list, frozen in the order of the list."""

import hashlib
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from phones.models import Phone, Project, Selection
from phones.services.finding.keyset import Order
from phones.services.finding.phone_list import Criteria, matching
from phones.services.finding.resolve import keep_selection
from phones.services.routing.catalogue import catalogue_of

CHOICE_LIMIT = 100_000
# Above this, ids are compared in Python with those of the project: a query takes a limited number of parameters.
IDS_A_QUERY = 5000
NAMED = ("project_id", "number", "shown", "nickname")


class NothingChosen(Exception):
    """No phone of the project was chosen."""


class TooManyChosen(Exception):
    """More than `CHOICE_LIMIT` phones were chosen."""


class ListMoved(Exception):
    """The list no longer holds the phones that it held when shown; `count` and `fingerprint` are the current ones."""

    def __init__(self, count: int, fingerprint: str) -> None:
        super().__init__(count)
        self.count, self.fingerprint = count, fingerprint


class NotYetRead(ListMoved):
    """A list has as many phones as were shown, but the person has not confirmed these very phones."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A frozen choice. `dropped_count` counts the ids that belong to no phone of the project."""

    selection: Selection
    dropped_count: int = 0


def choose_phones(*, project: Project, owner: User, ids: Iterable[str], order: Order) -> Chosen:
    """Freeze the phones with these ids, in the order of the list. The ids come from a browser and are not trusted.

    :raises NothingChosen: none of them is a phone of the project.
    :raises TooManyChosen: there are more than a plan may have.
    """
    texts = {text.replace("-", "").lower() for text in ids if text}
    if len(texts) > CHOICE_LIMIT:
        raise TooManyChosen
    wanted = set(_ids(texts))
    phones = Phone.objects.filter(project=project)
    if len(wanted) <= IDS_A_QUERY:
        phones = phones.filter(pk__in=wanted)
    found = [phone for phone in order.sorted(phones.only("pk")) if phone.pk in wanted]
    if not found:
        raise NothingChosen
    return Chosen(keep_selection(project=project, owner=owner, phones=found), len(texts) - len(found))


def _ids(texts: Iterable[str]) -> Iterable[uuid.UUID]:
    for text in texts:
        try:
            yield uuid.UUID(text)
        except ValueError:
            continue


def fingerprint_of_ids(ids: Collection[uuid.UUID]) -> str:
    """Return a text that is equal for the same ids in any order: their count, and a digest."""
    digest = hashlib.sha256("".join(sorted(phone_id.hex for phone_id in ids)).encode())
    return f"{len(ids)}-{digest.hexdigest()}"


def matching_now(*, project: Project, criteria: Criteria, now: datetime) -> tuple[int, str]:
    """Return how many phones a list has, and the fingerprint of their ids. One query, and one for a selection."""
    ids = matching(project, criteria, catalogue_of(project), now).values_list("pk", flat=True)
    found = list(ids)
    return len(found), fingerprint_of_ids(found)


def choose_matching(*, project: Project, owner: User, criteria: Criteria, shown: str, now: datetime) -> Chosen:
    """Freeze all phones of a list. Phones that match later are not added.

    `shown` is the fingerprint of the list when the person was asked, or a count alone if it wasn't known.

    :raises NothingChosen: the list is empty.
    :raises TooManyChosen: it has more than a plan may have.
    :raises NotYetRead: `shown` is the count, without a fingerprint.
    :raises ListMoved: the list no longer has the same phones.
    """
    phones = matching(project, criteria, catalogue_of(project), now)
    found = list(criteria.order.sorted(phones.only("pk")))
    fingerprint = fingerprint_of_ids([phone.pk for phone in found])
    if shown not in {fingerprint, str(len(found))}:
        raise ListMoved(len(found), fingerprint)
    if not found:
        raise NothingChosen
    if len(found) > CHOICE_LIMIT:
        raise TooManyChosen
    if shown != fingerprint:
        raise NotYetRead(len(found), fingerprint)
    return Chosen(keep_selection(project=project, owner=owner, phones=found))


def find_selection(*, project: Project, selection: str) -> Selection | None:
    """Return a frozen choice of the project by its id in the address, None if there is none."""
    try:
        return Selection.objects.filter(project=project, pk=uuid.UUID(selection)).first()
    except ValueError:
        return None


def chosen_phones(selection: Selection, *, first: int | None = None) -> list[Phone]:
    """Return the phones of a choice in its order, or only the first ones, with the columns that identify them."""
    ids = [uuid.UUID(phone_id) for phone_id in selection.phone_ids[:first]]
    found: dict[uuid.UUID, Phone] = {}
    for batch in _batches(ids):
        phones = Phone.objects.filter(project=selection.project_id, pk__in=batch).only(*NAMED)
        found |= {phone.pk: phone for phone in phones}
    return [found[phone_id] for phone_id in ids if phone_id in found]


def _batches(ids: Collection[uuid.UUID]) -> Iterable[list[uuid.UUID]]:
    ordered = list(ids)
    for start in range(0, len(ordered), IDS_A_QUERY):
        yield ordered[start : start + IDS_A_QUERY]
