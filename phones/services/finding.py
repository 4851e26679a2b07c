"""Finding phones: filters, search and keyset pages over our copy."""

import base64
import binascii
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from phones.diga.types import clean_text
from phones.models import Phone, Project, Selection

from .directory import Directory
from .health import condition
from .numbers import dialled_digits, folded

PAGE_SIZE = 50
# What a list shows; the long texts that only searches read stay in the table.
LISTED = (
    "project_id",
    "number",
    "shown",
    "nickname",
    "status",
    "inbound_agent_id",
    "outbound_agent_id",
    "telephony_provider",
    "fetched_at",
    "missing_since",
)
NONE = "none"
UNKNOWN = "unknown"
MISSING = "missing"
QUERY_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a list is narrowed to; empty texts narrow nothing.

    An agent is an id, `none` or `unknown`; `health` is a code of `health.CONDITIONS`; `selection` is the id of a
    `Selection`.
    """

    q: str = ""
    status: str = ""
    provider: str = ""
    inbound: str = ""
    outbound: str = ""
    health: str = ""
    selection: str = ""

    @property
    def is_empty(self) -> bool:
        """True when the whole list is shown."""
        return self == Criteria()


@dataclass(frozen=True, slots=True)
class PhonePage:
    """One page of a list, with the cursors of its neighbours ("" where there is none).

    `total` counts all that match, on every page.
    """

    phones: Sequence[Phone]
    total: int
    before: str
    after: str


def matching(project: Project, criteria: Criteria, directory: Directory, now: datetime) -> QuerySet[Phone]:
    """Return the phones of the project that meet all criteria, unordered."""
    phones = Phone.objects.filter(project=project)
    if criteria.status == MISSING:
        phones = phones.filter(missing_since__isnull=False)
    elif criteria.status:
        phones = phones.filter(status=criteria.status)
    if criteria.provider:
        phones = phones.filter(telephony_provider=criteria.provider)
    if criteria.health:
        phones = phones.filter(condition(criteria.health, project, directory, now))
    if criteria.selection:
        phones = phones.filter(pk__in=_selected(project, criteria.selection))
    for lane, wanted in (("inbound_agent_id", criteria.inbound), ("outbound_agent_id", criteria.outbound)):
        if wanted:
            phones = phones.filter(_lane(lane, wanted, directory))
    return phones.filter(_text(criteria.q, directory)) if criteria.q else phones


def _selected(project: Project, selection: str) -> list[uuid.UUID]:
    """Return the ids of a frozen list; none where there is no such list in the project."""
    try:
        found = Selection.objects.filter(project=project, pk=uuid.UUID(selection)).first()
    except ValueError:
        return []
    return [uuid.UUID(phone_id) for phone_id in found.phone_ids] if found else []


def _lane(column: str, wanted: str, directory: Directory) -> Q:
    if wanted == NONE:
        return Q(**{f"{column}__isnull": True})
    if wanted == UNKNOWN:
        known = [agent.id for agent in directory.agents if agent.is_listed]
        return Q(**{f"{column}__isnull": False}) & ~Q(**{f"{column}__in": known})
    try:
        return Q(**{column: uuid.UUID(wanted)})
    except ValueError:
        return Q(pk__in=())


def _text(query: str, directory: Directory) -> Q:
    """Match any spelling of a number, or a text in number, nickname, note or the name of an agent."""
    query = query[:QUERY_LIMIT]
    if digits := dialled_digits(query):
        # Both: "24" may be a part of a number, or of the nickname "Urgencias 24 h".
        return Q(digits__contains=digits) | Q(search_text__contains=folded(query.strip()))
    text = folded(query.strip())
    named = [agent.id for agent in directory.agents if text in folded(agent.name)]
    return Q(search_text__contains=text) | Q(inbound_agent_id__in=named) | Q(outbound_agent_id__in=named)


def phone_page(
    project: Project, criteria: Criteria, directory: Directory, now: datetime, *, after: str = "", before: str = ""
) -> PhonePage:
    """Return one page by number, after or before a cursor. One query.

    A spoilt cursor, and one with nothing behind it, give the first page.
    """
    found = matching(project, criteria, directory, now)
    total = found.order_by().values("project").annotate(n=models.Count("pk")).values("n")
    cursor = _decode(after or before)
    backwards = cursor is not None and not after
    # The whole list was counted when the last sync ended; PostgreSQL would read every row to count again.
    known = criteria.is_empty and project.phone_count
    rows = found.only(*LISTED).annotate(
        total=models.Value(project.phone_count) if known else Coalesce(models.Subquery(total), 0)
    )
    if cursor:
        number, pk = cursor
        # The first bound is implied by the second, but lets the index skip to the page.
        if backwards:
            rows = rows.filter(Q(number__lte=number), Q(number__lt=number) | Q(pk__lt=pk))
        else:
            rows = rows.filter(Q(number__gte=number), Q(number__gt=number) | Q(pk__gt=pk))
    order = ("-number", "-pk") if backwards else ("number", "pk")
    phones = list(rows.order_by(*order)[: PAGE_SIZE + 1])
    has_further = len(phones) > PAGE_SIZE
    phones = phones[:PAGE_SIZE]
    if backwards:
        phones.reverse()
    if not phones:
        return phone_page(project, criteria, directory, now) if cursor else PhonePage([], 0, "", "")
    has_before, has_after = (has_further, True) if backwards else (bool(cursor), has_further)
    return PhonePage(
        phones,
        phones[0].total,
        _encode(phones[0]) if has_before else "",
        _encode(phones[-1]) if has_after else "",
    )


def _encode(phone: Phone) -> str:
    return base64.urlsafe_b64encode(json.dumps([phone.number, phone.pk.hex]).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, uuid.UUID] | None:
    try:
        number, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return clean_text(str(number)), uuid.UUID(pk)
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
        return None
