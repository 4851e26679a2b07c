"""The list of phones as a page shows it: its state from the address, rows, chips, headers and neighbours."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from phones.access import Desk
from phones.services.finding.keyset import END
from phones.services.finding.phone_list import PAGE_SIZES, Criteria, PhonePage, phone_page
from phones.services.finding.selections import CHOICE_LIMIT, fingerprint_of_ids, matching_now
from phones.services.routing.catalogue import catalogue_of
from phones.services.schedules.queries import next_of_phones
from phones.views.parts.lists.address import criteria_from, suffix_of
from phones.views.parts.lists.columns import caption, headers, hidden_classes
from phones.views.phones.listing.filters import chips_of, filters_of
from phones.views.phones.listing.row_cache import rows_markup
from phones.views.phones.listing.rows import PhoneRow
from phones.views.phones.search_notes import search_note

# What the filter bar has no field for, and yet mustn't forget.
CARRIED = ("selection", "sort", "size", "cols")
# What the form of columns and page sizes mustn't forget.
SHOWN_AS = tuple(field.name for field in fields(Criteria) if field.name not in {"size", "cols", "after", "before"})


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The addresses of the pages around one, "" where there is none."""

    first: str
    before: str
    after: str
    last: str


def list_context(request: HttpRequest, desk: Desk, now: datetime) -> dict[str, Any]:
    """Return what the list's template needs. Three queries at most, but where the search names numbers: the rows with
    their count, what is set for a time, and the agents where they have changed since the last request."""
    criteria = criteria_from(request.GET)
    catalogue = catalogue_of(desk.project)
    page = phone_page(desk.project, criteria, catalogue, now)
    if not page.before:
        # The first page, whatever the cursor was: links from here needn't carry it on.
        criteria = replace(criteria, after="", before="")
    list_url = reverse("phone_list", args=[desk.project.slug])

    def url_of(wanted: Criteria) -> str:
        return list_url + suffix_of(wanted)

    suffix = suffix_of(criteria)
    may_label = desk.may_label and desk.project.is_open
    # What was ticked without scripts when the session ended (`dashboard.sign_in.returning`).
    ticked = set(request.GET.getlist("phone"))
    timed = next_of_phones(desk.project, [phone.pk for phone in page.phones])
    rows = [
        PhoneRow.of(
            phone,
            catalogue,
            list_url=list_url,
            suffix=suffix,
            may_label=may_label,
            may_choose=desk.may_label,
            now=now,
            ticked=ticked,
            timed=timed.get(phone.pk),
        )
        for phone in page.phones
    ]
    filters = filters_of(desk.project, criteria, catalogue)
    heads = headers(criteria, url_of)
    return {
        "desk": desk,
        "section": "phones",
        "criteria": criteria,
        "criteria_q": criteria.q,
        "note": search_note(desk, criteria.q, total=page.total) if criteria.q else None,
        "filters": filters,
        "has_rare_filter": any(item.value for item in filters if item.is_rare) or bool(_dates(criteria)),
        "chips": chips_of(desk.project, criteria, filters, url_of),
        "headers": heads,
        "hidden_classes": hidden_classes(heads),
        "caption": caption(criteria),
        "page_sizes": sorted(PAGE_SIZES),
        "carried": _values(criteria, CARRIED),
        "shown_as": _values(criteria, SHOWN_AS),
        "rows": rows_markup(rows),
        "total": page.total,
        "matched": _matched(desk, criteria, page, now),
        "selected_count": page.total if criteria.selection else 0,
        "choice_limit": CHOICE_LIMIT,
        "list_url": list_url,
        "suffix": suffix,
        "clear_url": url_of(Criteria(sort=criteria.sort, size=criteria.size, cols=criteria.cols)),
        "here_url": list_url + suffix,
        "pages": _neighbours(criteria, page, list_url),
    }


def _matched(desk: Desk, criteria: Criteria, page: PhonePage, now: datetime) -> str:
    """Return the fingerprint of all that the list holds where that is at hand: it stands on this page, or is frozen."""
    if not desk.may_label:
        return ""
    if len(page.phones) == page.total:
        return fingerprint_of_ids([phone.pk for phone in page.phones])
    return matching_now(project=desk.project, criteria=criteria, now=now)[1] if criteria.selection else ""


def _dates(criteria: Criteria) -> str:
    return criteria.assigned_from + criteria.assigned_to


def _values(criteria: Criteria, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return what isn't empty of the criteria, for hidden fields."""
    return [(name, value) for name in names if (value := getattr(criteria, name))]


def _neighbours(criteria: Criteria, page: PhonePage, list_url: str) -> Neighbours | None:
    if not (page.before or page.after):
        return None
    start = replace(criteria, after="", before="")
    return Neighbours(
        list_url + suffix_of(start) if page.before else "",
        list_url + suffix_of(start, before=page.before) if page.before else "",
        list_url + suffix_of(start, after=page.after) if page.after else "",
        list_url + suffix_of(start, before=END) if page.after else "",
    )
