"""The rows of a plan on its page: groups of the preview, or what became of them, by pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from phones.access import Desk
from phones.models import Foreseen, Plan, PlanState
from phones.services.plans.rows import FIRST_SIZE, Rows, fields_of, group_rows, state_rows
from phones.services.plans.totals import foreseen_of, totals_of
from phones.services.routing.catalogue import catalogue_of
from phones.views.plans.lines import STATES, PreviewLine, ResultLine, WayOut, heads_of, ways_out
from phones.views.plans.query import ALL, PlanQuery, plan_url, suffix_of
from phones.views.plans.sums import state_label

_NOTES: dict[Foreseen, Callable[[], str]] = {
    Foreseen.WILL_CHANGE: lambda: "",
    Foreseen.ALREADY_SO: lambda: _("nothing will be sent"),
    Foreseen.CANNOT: lambda: _("left out"),
    Foreseen.NEEDS_LOOK: lambda: _("left out unless you tick them"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the preview, with its rows as they are shown. `more` and `back` lead to others of it.

    `ways` are the ways out for those of these rows that Diga would refuse.
    """

    code: str
    label: str
    note: str
    count: int
    lines: list[PreviewLine]
    more: "Link | None"
    back: "Link | None"
    can_tick: bool
    ways: "list[WayOut]"


@dataclass(frozen=True, slots=True)
class Link:
    """A link within the table: the page at its address, and the fragment that htmx asks for."""

    url: str
    fragment_url: str
    label: str = ""
    count: int = 0
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class PlanTable:
    """The rows of a plan: by groups with the columns `heads` for a preview, else `lines` under chips by state."""

    heads: list[str]
    groups: list[Group]
    chips: list[Link]
    lines: list[ResultLine]
    more: Link | None
    back: Link | None

    @property
    def width(self) -> int:
        """The number of columns of the preview."""
        return len(self.heads) + 3


def table_of(desk: Desk, plan: Plan, query: PlanQuery) -> PlanTable:
    """Return the rows that an address asks for. Six queries at most."""
    is_started = plan.started_at is not None
    return _result_table(desk, plan, query) if is_started else _preview_table(desk, plan, query)


def _preview_table(desk: Desk, plan: Plan, query: PlanQuery) -> PlanTable:
    slug, now = desk.project.slug, timezone.now()
    counts, fields, catalogue = foreseen_of(plan), fields_of(plan), catalogue_of(plan.project)
    groups = []
    for group, rows in group_rows(plan, counts, opened=query.group, after=query.after).items():
        lines = [PreviewLine.of(item, slug, fields, catalogue, now) for item in rows.items]
        groups.append(_group(desk, plan, group, counts[group], rows, lines, is_opened=group == query.group))
    return PlanTable(heads_of(fields), groups, [], [], None, None)


def _group(
    desk: Desk,
    plan: Plan,
    group: Foreseen,
    count: int,
    rows: Rows,
    lines: list[PreviewLine],
    *,
    is_opened: bool,
) -> Group:
    slug = desk.project.slug
    more = back = None
    if rows.after is not None and is_opened:
        more = _link(plan, slug, {"group": group, "after": rows.after}, label=_("Show the next ones"))
    elif rows.after is not None:
        others = ngettext("Show the other %(count)d", "Show the other %(count)d", count - FIRST_SIZE)
        more = _link(plan, slug, {"group": group}, label=others % {"count": count - FIRST_SIZE})
    if rows.before is not None:
        back = _link(plan, slug, {"group": group, "after": rows.before}, label=_("Show the ones before"))
    elif is_opened:
        back = _link(plan, slug, {}, label=_("Show only the first ones"))
    return Group(
        code=group,
        label=str(group.label),
        note=_NOTES[group](),
        count=count,
        lines=lines,
        more=more,
        back=back,
        can_tick=group == Foreseen.NEEDS_LOOK and plan.state == PlanState.PREVIEW and _is_its_author(desk, plan),
        ways=ways_out(rows.items, slug) if desk.may_bulk else [],
    )


def _is_its_author(desk: Desk, plan: Plan) -> bool:
    return desk.may_bulk and plan.author_id == desk.user.pk


def _link(
    plan: Plan, slug: str, start: Mapping[str, Any], *, label: str = "", count: int = 0, is_current: bool = False
) -> Link:
    suffix = suffix_of(**start)
    page, fragment = plan_url("plan_detail", plan, slug), plan_url("plan_rows", plan, slug)
    return Link(page + suffix, fragment + suffix, label, count, is_current)


def _result_table(desk: Desk, plan: Plan, query: PlanQuery) -> PlanTable:
    slug, now, totals = desk.project.slug, timezone.now(), totals_of(plan)
    rows = state_rows(plan, state=query.state, after=query.after)
    asked = query.state or ALL
    chips = [
        _link(plan, slug, {"state": state}, label=state_label(state), count=totals[state], is_current=state == asked)
        for state in STATES
        if totals[state] or state == asked
    ]
    everything = _link(plan, slug, {"state": ALL}, label=_("all"), count=totals.total, is_current=asked == ALL)
    more = _link(plan, slug, {"state": asked, "after": rows.after}, label=_("Next")) if rows.after is not None else None
    back = (
        _link(plan, slug, {"state": asked, "after": rows.before}, label=_("Previous"))
        if rows.before is not None
        else None
    )
    lines = [ResultLine.of(item, slug, now) for item in rows.items]
    return PlanTable([], [], [everything, *chips], lines, more, back)
