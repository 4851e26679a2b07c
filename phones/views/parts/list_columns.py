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
    """A column of the list; `code` is what addresses call it, and what it is sorted by."""

    code: str
    css: str
    label: str | Promise
    icon: str = ""
    hint: str | Promise = ""
    is_default: bool = True


COLUMNS = (
    Column("number", "c-num", gettext_lazy("Number")),
    Column("nickname", "c-alias", gettext_lazy("Nickname")),
    Column("status", "c-state", gettext_lazy("Status")),
    Column("inbound", "c-in", gettext_lazy("Inbound agent"), "phone-incoming"),
    Column("outbound", "c-out", gettext_lazy("Outbound agent"), "phone-outgoing"),
    Column("provider", "c-prov", gettext_lazy("Provider")),
    Column("assigned", "c-date", pgettext_lazy("date", "Assigned"), is_default=False),
    Column("age", "c-age", pgettext_lazy("age", "Read"), hint=gettext_lazy("When these values were read from Diga")),
)
# What a row is found by is always there.
FIXED = "number"


@dataclass(frozen=True, slots=True)
class Header:
    """A column's head: whether it is shown, how the list is sorted by it, and where a click leads."""

    column: Column
    is_shown: bool
    is_fixed: bool
    url: str
    # What `aria-sort` says: ascending, descending, or "" where the list is sorted by another column.
    sorted: str
    icon: str


def chosen_columns(wanted: list[str]) -> str:
    """Return the choice of columns as addresses carry it, "" for the usual ones."""
    asked = {code for codes in wanted for code in codes.split(",")}
    chosen = [column.code for column in COLUMNS if column.code in asked | {FIXED}]
    usual = [column.code for column in COLUMNS if column.is_default]
    return "" if not asked or chosen == usual else ",".join(chosen)


def is_shown(column: Column, criteria: Criteria) -> bool:
    """Say whether the list shows the column."""
    return column.code in criteria.cols.split(",") if criteria.cols else column.is_default


def shown_count(criteria: Criteria) -> int:
    """Return how many columns the list shows."""
    return sum(is_shown(column, criteria) for column in COLUMNS)


def headers(criteria: Criteria, url_of: Callable[[Criteria], str]) -> list[Header]:
    """Return the heads of all columns; a click on the one that sorts turns the order round."""
    order = criteria.order
    heads = []
    for column in COLUMNS:
        is_sorting = column.code == order.code
        direction = ("descending" if order.is_reversed else "ascending") if is_sorting else ""
        # By number is how the list comes, so the address needn't say it.
        plain = "" if column.code == FIXED else column.code
        sort = f"-{column.code}" if direction == "ascending" else plain
        icon = {"ascending": "arrow-up", "descending": "arrow-down"}.get(direction, "")
        url = url_of(replace(criteria, sort=sort, after="", before=""))
        heads.append(Header(column, is_shown(column, criteria), column.code == FIXED, url, direction, icon))
    return heads


def caption(criteria: Criteria) -> str:
    """Return what the table holds and in which order, for those who don't see the arrow."""
    order = criteria.order
    label = next(column.label for column in COLUMNS if column.code == order.code)
    if order.is_reversed:
        return _("Phones, sorted by %(column)s, descending") % {"column": str(label).lower()}
    return _("Phones, sorted by %(column)s") % {"column": str(label).lower()}


def hidden_classes(heads: list[Header]) -> str:
    """Return the classes by which the style sheet hides the columns that aren't shown, also in rows that come later."""
    return " ".join(f"no-{head.column.code}" for head in heads if not head.is_shown)
