"""Reading and writing the address of a list."""

from dataclasses import asdict, fields, replace
from urllib.parse import urlencode

from django.http import QueryDict

from phones.services.finding.keyset import BY_NUMBER, KEYS
from phones.services.finding.phone_list import HOW_SHOWN, PAGE_SIZES, QUERY_LIMIT, RELEASE_DAYS, Criteria, day
from phones.views.parts.lists.columns import chosen_columns


def criteria_from(query: QueryDict) -> Criteria:
    """Return the list of the address; unknown parameters and invalid values are ignored."""

    def text(name: str) -> str:
        return " ".join(query.get(name, "").replace("\x00", "").split())[:QUERY_LIMIT]

    found = Criteria(**{field.name: text(field.name) for field in fields(Criteria) if field.name not in HOW_SHOWN})
    return replace(
        found,
        release=found.release if found.release in RELEASE_DAYS else "",
        assigned_from=found.assigned_from if day(found.assigned_from) else "",
        assigned_to=found.assigned_to if day(found.assigned_to) else "",
        sort=_sort(query.get("sort", "")),
        size=_size(query.get("size", "")),
        cols=chosen_columns([cols for cols in query.getlist("cols") if cols]),
        after=query.get("after", ""),
        before=query.get("before", ""),
    )


def _sort(sort: str) -> str:
    return sort if sort.removeprefix("-") in KEYS and sort != BY_NUMBER else ""


def _size(size: str) -> str:
    return size if size in {str(other) for other in PAGE_SIZES[1:]} else ""


def suffix_of(criteria: Criteria, **more: str) -> str:
    """Return the criteria as a query string with its `?`, "" if there are none."""
    values = {name: value for name, value in (asdict(criteria) | more).items() if value}
    return f"?{urlencode(values)}" if values else ""
