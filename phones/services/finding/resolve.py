"""The phones of our copy that spelled numbers mean. The number of queries does not grow with that of the spellings."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from django.contrib.auth.models import User
from django.db.models import F, QuerySet, Value, Window
from django.db.models.functions import Length, Lower, Right, RowNumber

from phones.models import Phone, Project, Selection
from phones.services.number_reader.candidates import Candidate, Certainty, Places

BATCH_SIZE = 5000
# How many phones with the same last digits are read.
CHOICES_LIMIT = 10
KEPT_SELECTIONS = 20
_SHOWN = (
    "project_id",
    "number",
    "shown",
    "nickname",
    "digits",
    "status",
    "missing_since",
    "inbound_agent_id",
    "outbound_agent_id",
)


@dataclass(slots=True)
class FoundNumber:
    """A number that phones have, and how often it was named."""

    text: str
    phones: Sequence[Phone]
    count: int = 1


@dataclass(slots=True)
class Choice:
    """A spelling that can mean one of these phones, or none; at most `CHOICES_LIMIT` of them."""

    text: str
    phones: Sequence[Phone]
    has_more: bool
    is_range: bool = False
    count: int = 1


@dataclass(slots=True)
class Missing:
    """A spelling of a number that no phone has, and how often it was named."""

    candidate: Candidate
    count: int = 1


@dataclass(slots=True)
class Resolved:
    """The results for all spellings, each list in the order given; a repeated spelling is counted, not listed again."""

    numbers: list[FoundNumber] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    # Numbers that no phone of these projects has, but one of the other projects that were searched.
    elsewhere: list[FoundNumber] = field(default_factory=list)

    @property
    def found(self) -> list[Phone]:
        """The phones found, each once. Several registers may have a number, all but one of them ended."""
        return list({phone.pk: phone for number in self.numbers for phone in number.phones}.values())

    @property
    def found_count(self) -> int:
        """The number of numbers found."""
        return len(self.numbers)

    @property
    def absent(self) -> list[str]:
        """The spellings of the numbers that were not found."""
        return [missing.candidate.text for missing in self.missing]

    @property
    def repeated_count(self) -> int:
        """How many spellings named a number that an earlier one had named."""
        kinds = (self.numbers, self.choices, self.missing, self.elsewhere)
        return sum(item.count - 1 for items in kinds for item in items)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The phones with a candidate's digits, with its last digits, and in its range."""

    exact: Mapping[Candidate, Sequence[Phone]]
    endings: Mapping[str, Sequence[Phone]] = field(default_factory=dict)
    ranges: Mapping[Candidate, Sequence[Phone]] = field(default_factory=dict)

    def similar(self, candidate: Candidate) -> Sequence[Phone]:
        """Return the phones that a candidate can mean."""
        if candidate.last:
            return self.ranges.get(candidate, ())
        return self.exact.get(candidate, ()) or self.endings.get(candidate.end, ())


class _Outcome(IntEnum):
    """The result for a candidate. Of two that overlap in the text, the lower value takes precedence."""

    FOUND = 0
    CHOICE = 1
    ABSENT = 2
    NOTHING = 3


def resolve(
    *, projects: Collection[Project], candidates: Sequence[Candidate], others: Collection[Project] = ()
) -> Resolved:
    """Return the phones of these projects that the candidates mean. Missing ones are searched in the projects `others`.

    A number is found if a phone has exactly its digits. Phones with the same last digits, or in a range, are offered as
    a choice.
    """
    phones = Phone.objects.filter(project__in=projects).only(*_SHOWN)
    exact = phones_by_number(phones, candidates)
    left = [candidate for candidate in candidates if candidate not in exact]
    resolved = settled(candidates, LookedUp(exact, _by_end(phones, left), _in_ranges(phones, candidates)))
    if others and resolved.missing:
        _look_elsewhere(resolved, Phone.objects.filter(project__in=others).only(*_SHOWN))
    return resolved


def _look_elsewhere(resolved: Resolved, phones: QuerySet[Phone]) -> None:
    """Split the missing ones: those that are a phone of these projects, and the rest."""
    exact = phones_by_number(phones, [missing.candidate for missing in resolved.missing])
    for missing in resolved.missing:
        if missing.candidate in exact:
            resolved.elsewhere.append(FoundNumber(missing.candidate.text, exact[missing.candidate], missing.count))
    resolved.missing = [missing for missing in resolved.missing if missing.candidate not in exact]


def settled(candidates: Sequence[Candidate], known: LookedUp) -> Resolved:
    """Return the result of the candidates, from the phones looked up for them. No query."""
    outcomes = {candidate: _outcome(candidate, known) for candidate in candidates}
    places = Places(max((candidate.place[1] for candidate in candidates), default=0))
    ranked = sorted(candidates, key=lambda each: (outcomes[each], each.rank, each.place))
    told = [each for each in ranked if outcomes[each] is not _Outcome.NOTHING and places.take(each)]
    said: dict[object, FoundNumber | Choice | Missing] = {}
    by_phone: dict[uuid.UUID, FoundNumber] = {}
    for candidate in sorted(told, key=lambda each: (outcomes[each] is not _Outcome.FOUND, each.place)):
        phones = known.similar(candidate)
        name: object = (candidate.identity, candidate.end)
        if outcomes[candidate] is _Outcome.FOUND:
            name = phones[0].pk
        elif phones and not candidate.last and all(phone.pk in by_phone for phone in phones):
            # The last digits, or the digits as those of an id, in the same place as the number itself.
            name = phones[0].pk
        if name in said:
            said[name].count += 1
        elif outcomes[candidate] is _Outcome.FOUND:
            number = FoundNumber(candidate.text, phones)
            by_phone |= dict.fromkeys((phone.pk for phone in phones), number)
            said[name] = number
        elif phones:
            has_more = len(phones) > CHOICES_LIMIT
            said[name] = Choice(candidate.text, phones[:CHOICES_LIMIT], has_more, is_range=bool(candidate.last))
        else:
            said[name] = Missing(candidate)
    return Resolved(
        [item for item in said.values() if isinstance(item, FoundNumber)],
        [item for item in said.values() if isinstance(item, Choice)],
        [item for item in said.values() if isinstance(item, Missing)],
    )


def _outcome(candidate: Candidate, known: LookedUp) -> _Outcome:
    if candidate in known.exact and candidate.certainty is not Certainty.DOUBTFUL:
        return _Outcome.FOUND
    if known.similar(candidate):
        return _Outcome.CHOICE
    return _Outcome.ABSENT if candidate.is_sure else _Outcome.NOTHING


def phones_by_number(phones: QuerySet[Phone], candidates: Sequence[Candidate]) -> dict[Candidate, list[Phone]]:
    """Return which of the phones has the likeliest number of each candidate. One query a batch."""
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
        if candidate.last:
            continue
        first = next((by_number[key] for key in (*candidate.keys, candidate.sip) if key and key in by_number), None)
        if first:
            found[candidate] = first
    return found


def _by_end(phones: QuerySet[Phone], candidates: Sequence[Candidate]) -> dict[str, list[Phone]]:
    """Return the phones whose numbers end with the last digits of candidates. One query for each length and batch."""
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


def _in_ranges(phones: QuerySet[Phone], candidates: Sequence[Candidate]) -> dict[Candidate, list[Phone]]:
    """Return the phones in the ranges among the candidates. One query a range."""
    found: dict[Candidate, list[Phone]] = {}
    for candidate in dict.fromkeys(each for each in candidates if each.last):
        first, last = f"+{candidate.keys[0]}", f"+{candidate.last}"
        alike = phones.annotate(length=Length("number")).filter(length=len(first))
        within = alike.filter(number__gte=first, number__lte=last).order_by("number", "pk")
        found[candidate] = list[Phone](within[: CHOICES_LIMIT + 1])
    return found


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), BATCH_SIZE):
        yield ordered[start : start + BATCH_SIZE]


def keep_selection(*, project: Project, owner: User, phones: Iterable[Phone]) -> Selection:
    """Freeze a list of phones under an id for the address. Of a person's selections the newest 20 are kept."""
    selection = Selection.objects.create(project=project, owner=owner, phone_ids=[phone.pk.hex for phone in phones])
    newest = Selection.objects.filter(owner=owner).order_by("-created_at", "-pk").values_list("pk", flat=True)
    Selection.objects.filter(owner=owner).exclude(pk__in=list(newest[:KEPT_SELECTIONS])).delete()
    return selection


def selected_count(*, project: Project, selection: str) -> int:
    """Return how many phones a selection of the project holds; 0 if there is no such selection. One query."""
    try:
        found = Selection.objects.filter(project=project, pk=uuid.UUID(selection)).first()
    except ValueError:
        return 0
    return len(found.phone_ids) if found else 0
