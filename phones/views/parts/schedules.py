"""What is set for a time, as pages show it."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from phones.access import Desk
from phones.models import Schedule, ScheduleKind, ScheduleState
from phones.services.schedules.queries import Agenda
from phones.views.parts.permalinks import change_url, plan_page_url
from phones.wording.moments import words_for_countdown, words_for_moment
from phones.wording.phones.schedules import title_of, words_for_ending

# icons: clock loader circle-check circle-minus circle-x ban
_LOOKS = {
    ScheduleState.WAITING: ("info", "clock"),
    ScheduleState.CLAIMED: ("info", "loader"),
    ScheduleState.SENT: ("info", "loader"),
    ScheduleState.DONE: ("ok", "circle-check"),
    ScheduleState.SKIPPED: ("warn", "circle-minus"),
    ScheduleState.FAILED: ("bad", "circle-x"),
    ScheduleState.CANCELLED: ("off", "ban"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its words."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """A schedule in words. `why` is why it was not done, or not yet; `links` lead to what it is about."""

    id: int
    title: str
    number: str
    phone_url: str
    due_at: datetime
    due: str
    state: str
    tone: str
    icon: str
    why: str
    quote: str
    author: str
    reason: str
    links: tuple[Link, ...]
    seen_by: str
    is_open: bool
    is_waiting: bool
    is_notice: bool
    puts_back: bool
    may_hurry: bool
    may_steer: bool

    @classmethod
    def of(cls, row: Schedule, desk: Desk, now: datetime) -> "ScheduleLine":
        """Return a row with what the person may do with it. No query, with what it points to at hand."""
        slug = desk.project.slug
        may_steer = desk.may_bulk if row.is_of_plan else desk.may_route
        tone, icon = _LOOKS[ScheduleState(row.state)]
        is_late = row.is_waiting and row.due_at <= now
        return cls(
            id=row.pk,
            title=title_of(row),
            number=row.phone.shown if row.phone else "",
            phone_url=reverse("phone_edit", args=[slug, row.phone_id]) if row.phone_id else "",
            due_at=row.due_at,
            due=words_for_moment(row.due_at, now),
            state=str(ScheduleState(row.state).label),
            tone=tone,
            icon=icon,
            why=words_for_ending(row.cause) if is_late or not row.is_open else "",
            quote=row.message,
            author=row.author_name,
            reason=row.reason,
            links=_links(row, slug),
            seen_by=row.seen_by_name,
            is_open=row.is_open,
            is_waiting=row.is_waiting,
            is_notice=row.is_notice,
            puts_back=row.puts_back,
            may_hurry=may_steer and (row.is_waiting or row.state == ScheduleState.FAILED),
            may_steer=may_steer,
        )


def _links(row: Schedule, slug: str) -> tuple[Link, ...]:
    links = []
    if row.change:
        links.append(Link(change_url(row.change, slug), _("change #%(number)d") % {"number": row.change.pk}))
    if row.plan:
        links.append(Link(plan_page_url(row.plan, slug), _("plan %(number)d") % {"number": row.plan.pk}))
    if row.result:
        links.append(Link(change_url(row.result, slug), _("change #%(number)d") % {"number": row.result.pk}))
    if row.made_plan:
        links.append(Link(plan_page_url(row.made_plan, slug), _("plan %(number)d") % {"number": row.made_plan.pk}))
    return tuple(links)


@dataclass(frozen=True, slots=True)
class AgendaCard:
    """The overview's card: sentences about what is to come, and what was not done."""

    put_back_count: int
    start_count: int
    next_put_back: str
    next_put_back_at: datetime | None
    next_start: str
    notices: list[ScheduleLine]
    more_count: int

    @classmethod
    def of(cls, agenda: Agenda, desk: Desk, now: datetime) -> "AgendaCard | None":
        """Return the card; None where nothing is set, and nothing has to be seen."""
        if not (agenda.put_back_count or agenda.start_count or agenda.notice_count):
            return None
        notices = [ScheduleLine.of(row, desk, now) for row in agenda.notices]
        return cls(
            agenda.put_back_count,
            agenda.start_count,
            words_for_moment(agenda.next_put_back.due_at, now) if agenda.next_put_back else "",
            agenda.next_put_back.due_at if agenda.next_put_back else None,
            words_for_moment(agenda.next_start.due_at, now) if agenda.next_start else "",
            notices,
            agenda.notice_count - len(notices),
        )


def badge_of(row: Schedule, now: datetime) -> tuple[str, str]:
    """Return what a row of the list says of the next thing to be done with its phone, and its exact time."""
    words = {"countdown": words_for_countdown(row.due_at, now)}
    is_back = row.kind == ScheduleKind.PUT_BACK
    text = _("back %(countdown)s") % words if is_back else _("change %(countdown)s") % words
    return text, f"{title_of(row)}: {words_for_moment(row.due_at, now)}"
