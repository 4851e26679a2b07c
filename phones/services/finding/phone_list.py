"""The list of phones: filters, search and keyset pages over our copy."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta

from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.expressions import Combinable
from django.utils import timezone

from phones.models import Phone, Project, Selection
from phones.models.phone import LONG_AGO
from phones.services.finding.health import condition, given_back_within
from phones.services.finding.keyset import END, UNKNOWN_KEY, Order
from phones.services.finding.search import QUERY_LIMIT, Counted, Search
from phones.services.routing.catalogue import Catalogue

__all__ = ["QUERY_LIMIT", "Criteria", "PhonePage", "matching", "phone_page"]

PAGE_SIZES = (50, 25, 100)
PAGE_SIZE = PAGE_SIZES[0]
# The columns that a list shows. The long texts that only searches read are deferred.
LISTED = (
    "project_id",
    "number",
    "shown",
    "nickname",
    "note",
    "tags",
    "status",
    "inbound_agent_id",
    "outbound_agent_id",
    "telephony_provider",
    "assigned_at",
    "scheduled_release_at",
    "released_at",
    "fetched_at",
    "unlisted_since",
    "missing_since",
    "refused_at",
    "refused_status",
)
NONE = "none"
UNKNOWN = "unknown"
MISSING = "missing"
RELEASE_DAYS = ("7", "30", "90")
HOW_SHOWN = ("sort", "size", "cols", "after", "before")


@dataclass(frozen=True, slots=True)
class Criteria:
    """A list by its address: filters, order, columns and page.

    Empty texts don't filter. An agent is an id, `none` or `unknown`; `health` is a code of `health.CONDITIONS`;
    `tag` is a tag; `selection` is the id of a `Selection`; `release` is one of `RELEASE_DAYS`, within which a phone is
    given back; dates are ISO days of the site's time zone, both included. `sort` is a code of `keyset.KEYS`, with `-`
    before it for the other way round; `size` counts rows; `cols` are the columns shown, with commas; `after` and
    `before` are cursors.
    """

    q: str = ""
    status: str = ""
    provider: str = ""
    inbound: str = ""
    outbound: str = ""
    health: str = ""
    tag: str = ""
    selection: str = ""
    release: str = ""
    assigned_from: str = ""
    assigned_to: str = ""
    sort: str = ""
    size: str = ""
    cols: str = ""
    after: str = ""
    before: str = ""

    @property
    def is_empty(self) -> bool:
        """True when no filter is set."""
        return not any(getattr(self, field.name) for field in fields(self) if field.name not in HOW_SHOWN)

    @property
    def order(self) -> Order:
        """The order of the rows."""
        return Order.of(self.sort)

    @property
    def page_size(self) -> int:
        """The number of rows on a page."""
        return next((size for size in PAGE_SIZES if str(size) == self.size), PAGE_SIZE)


@dataclass(frozen=True, slots=True)
class PhonePage:
    """One page of a list, with the cursors of the pages next to it ("" at an end).

    `total` counts all matching phones, on every page.
    """

    phones: Sequence[Phone]
    total: int
    before: str
    after: str


def matching(project: Project, criteria: Criteria, catalogue: Catalogue, now: datetime) -> QuerySet[Phone]:
    """Return the phones of the project that match all criteria, unordered."""
    phones = Phone.objects.filter(_narrowing(project, criteria, catalogue, now), project=project)
    return phones.filter(Search.of(project, criteria.q, catalogue).condition) if criteria.q else phones


def _narrowing(project: Project, criteria: Criteria, catalogue: Catalogue, now: datetime) -> Q:
    """Return the condition for all criteria but the search.

    The last known status and agents of a phone that left Diga match only if such phones are asked for.
    """
    wanted = _tagged(criteria.tag)
    if MISSING in (criteria.status, criteria.health):
        wanted &= Q(missing_since__isnull=False)
    elif criteria.status or criteria.inbound or criteria.outbound:
        wanted &= Q(missing_since__isnull=True)
    if criteria.status and criteria.status != MISSING:
        wanted &= Q(status=criteria.status)
    if criteria.provider:
        wanted &= Q(telephony_provider=criteria.provider)
    if criteria.health:
        wanted &= condition(criteria.health, project, catalogue, now)
    if criteria.release in RELEASE_DAYS:
        wanted &= given_back_within(int(criteria.release), now)
    if criteria.selection:
        wanted &= Q(pk__in=_selected(project, criteria.selection))
    if criteria.inbound:
        wanted &= _lane("inbound", criteria.inbound, catalogue)
    if criteria.outbound:
        wanted &= _lane("outbound", criteria.outbound, catalogue)
    return wanted & _assigned(criteria)


def _tagged(tag: str) -> Q:
    return Q(tags__isnull=False, tags__contains=f",{tag},") if tag else Q()


def _selected(project: Project, selection: str) -> list[uuid.UUID]:
    """Return the ids of a frozen list; none if the project has no such list."""
    try:
        found = Selection.objects.filter(project=project, pk=uuid.UUID(selection)).first()
    except ValueError:
        return []
    return [uuid.UUID(phone_id) for phone_id in found.phone_ids] if found else []


def _lane(lane: str, wanted: str, catalogue: Catalogue) -> Q:
    column = f"{lane}_agent_id"
    if wanted == NONE:
        return Q(**{f"{column}__isnull": True})
    if wanted == UNKNOWN:
        # Agents never listed, or no longer listed. `NOT IN` the listed ones would read every row.
        gone = [agent.id for agent in catalogue.agents if not agent.is_listed]
        return Q(**{f"{lane}_key": UNKNOWN_KEY}) | Q(**{f"{column}__in": gone})
    try:
        return Q(**{column: uuid.UUID(wanted)})
    except ValueError:
        return Q(pk__in=())


def _assigned(criteria: Criteria) -> Q:
    first, last = day(criteria.assigned_from), day(criteria.assigned_to)
    wanted = Q()
    if first:
        wanted &= Q(assigned_key__gte=_midnight(first))
    if last:
        wanted &= Q(assigned_key__gt=LONG_AGO, assigned_key__lt=_midnight(last + timedelta(days=1)))
    return wanted


def day(text: str) -> date | None:
    """Return the day of an ISO text, None if it is invalid or out of the range that can be shown."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 <= found.year <= 9000 else None


def _midnight(of: date) -> datetime:
    return timezone.make_aware(datetime.combine(of, time.min))


def phone_page(project: Project, criteria: Criteria, catalogue: Catalogue, now: datetime) -> PhonePage:
    """Return the page that the criteria's order and cursor name. One query, and one for a selection.

    A malformed cursor, and one with no rows behind it, give the first page.
    """
    order, size = criteria.order, criteria.page_size
    key = order.key(criteria.after or criteria.before)
    is_end = criteria.before == END and not criteria.after
    backwards = is_end or (key is not None and not criteria.after)
    found, total = found_phones(project, criteria, catalogue, now)
    phones = list(rows_beyond(found.annotate(total=total), order, key, backwards=backwards)[: size + 1])
    for phone in phones:
        phone.project = project
    has_further = len(phones) > size
    phones = phones[:size]
    if backwards:
        phones.reverse()
    if not phones:
        is_first = key is None and not is_end
        return PhonePage([], 0, "", "") if is_first else phone_page(project, _first(criteria), catalogue, now)
    has_before, has_after = (has_further, not is_end) if backwards else (key is not None, has_further)
    return PhonePage(
        phones,
        phones[0].total,  # type: ignore[attr-defined]
        order.cursor(phones[0]) if has_before else "",
        order.cursor(phones[-1]) if has_after else "",
    )


def found_phones(
    project: Project, criteria: Criteria, catalogue: Catalogue, now: datetime
) -> tuple[QuerySet[Phone], Combinable]:
    """Return what matches the criteria, unordered, and how many phones that are."""
    narrowing = _narrowing(project, criteria, catalogue, now)
    if criteria.q:
        return Search.of(project, criteria.q, catalogue).phones(narrowing)
    phones = Phone.objects.filter(narrowing, project=project)
    # The count that the last sync stored; for the whole list PostgreSQL would read every row to count again.
    known = criteria.is_empty and project.phone_count
    return phones, models.Value(project.phone_count) if known else Counted(phones)


def rows_beyond(
    phones: QuerySet[Phone], order: Order, key: tuple[object, ...] | None, *, backwards: bool
) -> QuerySet[Phone]:
    """Return the rows from a cursor on, with what a list shows of them, ready to be sliced."""
    rows = order.beyond(phones, key, backwards=backwards) if key else phones
    return order.sorted(rows.only(*LISTED, *order.columns), backwards=backwards)


def _first(criteria: Criteria) -> Criteria:
    return replace(criteria, after="", before="")
