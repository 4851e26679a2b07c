"""Which phones of our copy are meant by numbers that somebody spelled, in few queries however many they are."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db.models import F, QuerySet, Value, Window
from django.db.models.functions import Lower, Right, RowNumber

from phones.models import Phone, Project, Selection

from .pasting import NATIONAL_LENGTH, Candidate

BATCH_SIZE = 5000
# How many of the phones that end alike are read.
CHOICES_LIMIT = 10
KEPT_SELECTIONS = 20
_SHOWN = ("project_id", "number", "shown", "nickname", "digits", "status", "missing_since")


@dataclass(frozen=True, slots=True)
class Choice:
    """A spelling that several phones, or a phone of another length, could be meant by; at most `CHOICES_LIMIT`."""

    text: str
    phones: Sequence[Phone]
    has_more: bool


@dataclass(slots=True)
class Resolved:
    """What became of the spellings, each in the order given.

    `found` holds every phone once, although a number may be held by several registers, of which all but one are over.
    """

    found: list[Phone] = field(default_factory=list)
    found_count: int = 0
    choices: list[Choice] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def resolve(*, projects: Collection[Project], candidates: Sequence[Candidate]) -> Resolved:
    """Return the phones of these projects that the candidates mean.

    A number is found if a phone has exactly its digits, or if a single phone ends with what is too short for a number.
    All else that a phone ends with is a choice for a person.
    """
    phones = Phone.objects.filter(project__in=projects).only(*_SHOWN)
    exact = phones_by_number(phones, candidates)
    left = [candidate for candidate in candidates if candidate not in exact and not candidate.sip]
    endings = _by_end(phones, left)
    resolved = Resolved()
    seen: set[object] = set()
    for candidate in candidates:
        found, similar = exact.get(candidate, []), endings.get(candidate.end, [])
        if not found and _is_only_one(candidate, similar):
            found = similar
        if found:
            # Two spellings may come to one phone.
            resolved.found_count += not seen.issuperset(phone.pk for phone in found)
            resolved.found += [phone for phone in found if phone.pk not in seen]
            seen.update(phone.pk for phone in found)
        elif similar:
            shown = similar[:CHOICES_LIMIT]
            resolved.choices.append(Choice(candidate.text, shown, len(similar) > CHOICES_LIMIT))
        elif candidate.is_sure:
            resolved.absent.append(candidate.text)
    return resolved


def _is_only_one(candidate: Candidate, similar: Sequence[Phone]) -> bool:
    return len(similar) == 1 and len(candidate.end) < NATIONAL_LENGTH


def phones_by_number(phones: QuerySet[Phone], candidates: Sequence[Candidate]) -> dict[Candidate, list[Phone]]:
    """Return those of the phones whose number is what a candidate most likely stands for. One query a batch."""
    wanted = {number for candidate in candidates for key in candidate.keys for number in (key, f"+{key}")}
    by_number = defaultdict(list)
    for batch in _batches(wanted):
        for phone in phones.filter(number__in=batch).order_by("number", "pk"):
            by_number[phone.number.removeprefix("+")].append(phone)
    sips = {candidate.sip for candidate in candidates if candidate.sip}
    for batch in _batches(sips):
        lowered = phones.annotate(lowered=Lower("number"))
        for phone in lowered.filter(lowered__in=batch).order_by("number", "pk"):
            by_number[phone.number.lower()].append(phone)
    found = {}
    for candidate in candidates:
        first = next((by_number[key] for key in (*candidate.keys, candidate.sip) if key and key in by_number), None)
        if first:
            found[candidate] = first
    return found


def _by_end(phones: QuerySet[Phone], candidates: Sequence[Candidate]) -> dict[str, list[Phone]]:
    """Return the phones that end with what the candidates end with. One query a length of end and batch."""
    by_length: defaultdict[int, set[str]] = defaultdict(set)
    for candidate in candidates:
        if candidate.end:
            by_length[len(candidate.end)].add(candidate.end)
    found: defaultdict[str, list[Phone]] = defaultdict(list)
    for length, ends in sorted(by_length.items()):
        for batch in _batches(ends):
            place = Window(RowNumber(), partition_by=F("end"), order_by=("number", "pk"))
            ending = phones.annotate(end=Right("digits", Value(length))).filter(end__in=batch).annotate(place=place)
            for phone in ending.filter(place__lte=CHOICES_LIMIT + 1).order_by("number", "pk"):
                found[phone.digits[-length:]].append(phone)
    return found


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), BATCH_SIZE):
        yield ordered[start : start + BATCH_SIZE]


def keep_selection(*, project: Project, owner: User, phones: Iterable[Phone]) -> Selection:
    """Freeze a list of phones under an id for the address; of a person's selections the newest 20 are kept."""
    selection = Selection.objects.create(project=project, owner=owner, phone_ids=[phone.pk.hex for phone in phones])
    newest = Selection.objects.filter(owner=owner).order_by("-created_at", "-pk").values_list("pk", flat=True)
    Selection.objects.filter(owner=owner).exclude(pk__in=list(newest[:KEPT_SELECTIONS])).delete()
    return selection


def selected_count(*, project: Project, selection: str) -> int:
    """Return how many phones a selection of the project holds; 0 where there is no such selection. One query."""
    try:
        found = Selection.objects.filter(project=project, pk=uuid.UUID(selection)).first()
    except ValueError:
        return 0
    return len(found.phone_ids) if found else 0
