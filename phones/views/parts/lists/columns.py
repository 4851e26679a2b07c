"""The columns of the list: which are shown, and the links that sort by them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from phones.services.finding.phone_list import Criteria

# icons: arrow-up arrow-down


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list; `code` is its name in addresses, and that of its sort order."""

    code: str
    css: str
    label: str | Promise
    icon: str = ""
    hint: str | Promise = ""
    # What the list is sorted by, where the label alone doesn't say it.
    sorts_by: str | Promise = ""
    is_default: bool = True
    is_sortable: bool = True


_INBOUND, _OUTBOUND = gettext_lazy("Inbound agent"), gettext_lazy("Outbound agent")
COLUMNS = (
    Column("number", "c-num", gettext_lazy("Number")),
    Column("nickname", "c-alias", gettext_lazy("Alias")),
    Column("status", "c-state", gettext_lazy("Status")),
    Column("inbound", "c-in", gettext_lazy("Answers"), "phone-incoming", _INBOUND, _INBOUND),
    Column("outbound", "c-out", gettext_lazy("Calls out"), "phone-outgoing", _OUTBOUND, _OUTBOUND),
    Column("provider", "c-prov", gettext_lazy("Provider")),
    Column("assigned", "c-date", pgettext_lazy("date", "Assigned"), is_default=False),
    Column("release", "c-release", gettext_lazy("Given back"), is_default=False, is_sortable=False),
    Column(
        "age",
        "c-age",
        pgettext_lazy("age", "Checked"),
        hint=gettext_lazy("When this number was last checked with Diga"),
    ),
)
# The columns that identify a row are always shown.
FIXED = "number"


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a column: whether it is shown, the order of the list, and the address that sorts by it, or ""."""

    column: Column
    is_shown: bool
    is_fixed: bool
    url: str
    # The value of `aria-sort`: ascending, descending, or "" if the list is sorted by another column.
    sorted: str
    icon: str


def chosen_columns(wanted: list[str]) -> str:
    """Return the choice of columns in the form of addresses, "" for the default ones."""
    asked = {code for codes in wanted for code in codes.split(",")}
    chosen = [column.code for column in COLUMNS if column.code in asked | {FIXED}]
    usual = [column.code for column in COLUMNS if column.is_default]
    return "" if not asked or chosen == usual else ",".join(chosen)


def is_shown(column: Column, criteria: Criteria) -> bool:
    """Return whether the list shows the column."""
    return column.code in criteria.cols.split(",") if criteria.cols else column.is_default


def shown_count(criteria: Criteria) -> int:
    """Return how many columns the list shows."""
    return sum(is_shown(column, criteria) for column in COLUMNS)


def headers(criteria: Criteria, url_of: Callable[[Criteria], str]) -> list[Header]:
    """Return the headers of all columns; a click on the one that sorts reverses the order."""
    order = criteria.order
    heads = []
    for column in COLUMNS:
        is_sorting = column.code == order.code
        direction = ("descending" if order.is_reversed else "ascending") if is_sorting else ""
        # By number is the default order, which the address omits.
        plain = "" if column.code == FIXED else column.code
        sort = f"-{column.code}" if direction == "ascending" else plain
        icon = {"ascending": "arrow-up", "descending": "arrow-down"}.get(direction, "")
        url = url_of(replace(criteria, sort=sort, after="", before="")) if column.is_sortable else ""
        heads.append(Header(column, is_shown(column, criteria), column.code == FIXED, url, direction, icon))
    return heads


def caption(criteria: Criteria) -> str:
    """Return a caption with the content and order of the table, for screen readers."""
    order = criteria.order
    label = next(column.sorts_by or column.label for column in COLUMNS if column.code == order.code)
    if order.is_reversed:
        return _("Phones, sorted by %(column)s, descending") % {"column": str(label).lower()}
    return _("Phones, sorted by %(column)s") % {"column": str(label).lower()}


def hidden_classes(heads: list[Header]) -> str:
    """Return the classes by which the style sheet hides columns, also in rows that are swapped in later."""
    return " ".join(f"no-{head.column.code}" for head in heads if not head.is_shown)
