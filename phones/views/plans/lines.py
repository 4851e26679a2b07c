"""A row of a plan as its pages show it: what it would become and why, or what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from phones.models import Foreseen, ItemState, LaneSnapshot, PlanItem
from phones.services.phone_numbers import national_number
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.lanes import Lane
from phones.templatetags.desk import clock_time, full_time
from phones.views.parts.badges import Badge
from phones.views.parts.permalinks import change_url
from phones.wording.plans.descriptions import words_for_why
from phones.wording.plans.rows import words_for_item

# icons: clock loader circle-check check circle-minus ban circle-x triangle-alert circle-question-mark circle-slash
STATES: dict[ItemState, Badge] = {
    ItemState.DONE: Badge("ok", "circle-check", gettext_lazy("Done")),
    ItemState.SAME: Badge("off", "check", gettext_lazy("Already so")),
    ItemState.CHANGED: Badge("hold", "circle-minus", gettext_lazy("Skipped")),
    ItemState.REFUSED: Badge("warn", "ban", gettext_lazy("Refused")),
    ItemState.FAILED: Badge("bad", "circle-x", gettext_lazy("Failed")),
    ItemState.MISMATCH: Badge("bad", "triangle-alert", gettext_lazy("Stored otherwise")),
    ItemState.UNKNOWN: Badge("warn", "circle-question-mark", gettext_lazy("Not known")),
    ItemState.NOT_TRIED: Badge("off", "circle-slash", gettext_lazy("Not attempted")),
    ItemState.SENDING: Badge("info", "loader", gettext_lazy("Being sent")),
    ItemState.CLAIMED: Badge("info", "loader", gettext_lazy("Being read")),
    ItemState.WAITING: Badge("off", "clock", gettext_lazy("Waiting")),
    ItemState.LEFT_OUT: Badge("off", "circle", gettext_lazy("Left out")),
}
TONES = {Foreseen.CANNOT: "hold", Foreseen.NEEDS_LOOK: "warn"}
GRAVE = {"publishes", "unassigns"}


@dataclass(frozen=True, slots=True)
class Value:
    """A field's value: a text, or an agent with its tile; `is_missed` where an agent ought to be."""

    text: str
    version: str = ""
    initial: str = ""
    hue: int = 0
    is_missed: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the preview; without a value, the plan keeps what is there."""

    label: str
    value: Value | None


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A row of the preview. `tick` is None for a row that has no tick box."""

    number: int
    phone_url: str
    prefix: str
    national: str
    shown: str
    nickname: str
    cells: list[Cell]
    why: str
    tone: str
    tick: bool | None

    @classmethod
    def of(cls, item: PlanItem, slug: str, fields: Sequence[str], catalogue: Catalogue, now: datetime) -> "PreviewLine":
        """Return a row with the columns of these fields. No query."""
        prefix, national = national_number(item.phone.shown)
        labels = column_labels()
        cells: list[Cell] = []
        for name in fields:
            for side, values in (("before", item.before), ("after", item.after)):
                if (name, side) in labels:
                    is_kept = name not in values or (side == "after" and item.foreseen == Foreseen.CANNOT)
                    value = None if is_kept else value_of(name, values[name], catalogue)
                    cells.append(Cell(labels[name, side], value))
        why = words_for_why(item, now)
        tone = "warn" if item.why in GRAVE or _had_none(item) else TONES.get(Foreseen(item.foreseen), "")
        return cls(
            number=item.number,
            phone_url=reverse("phone_edit", args=[slug, item.phone_id]),
            prefix=prefix,
            national=national,
            shown=item.phone.shown,
            nickname=item.before.get("nickname", item.phone.nickname) or "",
            cells=cells,
            why=_with_line(why, item.line),
            tone=tone,
            tick=item.state == ItemState.WAITING if item.foreseen == Foreseen.NEEDS_LOOK else None,
        )


@dataclass(frozen=True, slots=True)
class WayOut:
    """The page on which a version that Diga would refuse to single numbers is published for all of its agent."""

    url: str
    label: str


def ways_out(items: Iterable[PlanItem], slug: str) -> list[WayOut]:
    """Return a way out for each version that is refused to some of these rows, once. No query."""
    found: dict[str, WayOut] = {}
    for item in items:
        for name in Lane if item.why == "refused" else ():
            lane = item.after.get(name)
            if lane and _is_about(item.details, lane):
                page = reverse("agent_publish", args=[slug, lane.agent_id])
                label = _("Publish %(version)s of “%(agent)s” for all its numbers…") % item.details
                found.setdefault(str(lane.version_id), WayOut(f"{page}?version={lane.version_id}", label))
    return list(found.values())


def _is_about(details: Mapping[str, Any], lane: LaneSnapshot) -> bool:
    """Say whether a reason is about what a lane is given: it names agent and version as sentences do."""
    agent = lane.agent_name or lane.name[:8]
    return bool(details["version"] == lane.version_label and details["agent"] == agent)


def _had_none(item: PlanItem) -> bool:
    return item.why == "joins" and "inbound" in item.after and not item.before.get("inbound")


def _with_line(why: str, line: int | None) -> str:
    if line is None:
        return why
    return " ".join(filter(None, (why, _("(line %(line)d of the file)") % {"line": line})))


def column_labels() -> dict[tuple[str, str], str]:
    """Return the heads of the columns of a field, by side. The nickname as it is has a column of its own."""
    return {
        ("nickname", "after"): _("New alias"),
        ("inbound", "before"): _("Answers now"),
        ("inbound", "after"): _("Answers after"),
        ("outbound", "before"): _("Calls out now"),
        ("outbound", "after"): _("Calls out after"),
    }


def heads_of(fields: Iterable[str]) -> list[str]:
    """Return the heads of the columns of these fields."""
    return [label for (name, _side), label in column_labels().items() if name in fields]


def value_of(name: str, value: Any, catalogue: Catalogue) -> Value:
    """Return a field's value, as the log keeps it, for showing."""
    if name == "nickname":
        return Value(value or _("No alias"))
    if value is None:
        return Value(_("No agent"), is_missed=name == "inbound")
    agent = catalogue.agent(value.agent_id)
    text = value.agent_name or _("Unknown agent")
    return Value(text, value.version_label, text[:1].upper(), agent.hue if agent else 1)


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A row of a plan that was started: its state, what happened, and the way to its change."""

    number: int
    phone_url: str
    prefix: str
    national: str
    nickname: str
    state: Badge
    text: str
    quote: str
    time: str
    moment: str
    change_id: int | None
    change_url: str

    @classmethod
    def of(cls, item: PlanItem, slug: str, now: datetime) -> "ResultLine":
        """Return a row with its phone and change at hand. No query."""
        prefix, national = national_number(item.phone.shown)
        words = words_for_item(item, now)
        return cls(
            number=item.number,
            phone_url=reverse("phone_edit", args=[slug, item.phone_id]),
            prefix=prefix,
            national=national,
            nickname=item.phone.nickname or "",
            state=STATES[ItemState(item.state)],
            text=words.text,
            quote=words.quote,
            time=clock_time(item.finished_at) if item.finished_at else "",
            moment=full_time(item.finished_at),
            change_id=item.change_id,
            change_url=change_url(item.change, slug) if item.change else "",
        )


@dataclass(frozen=True, slots=True)
class WishLine:
    """What a plan asks for in one field, for its heading."""

    label: str
    how: str
    value: Value | None


def wish_lines(wish: Mapping[str, Any], catalogue: Catalogue) -> list[WishLine]:
    """Return what is asked for, field by field; nothing where the rows differ, or a version is published."""
    labels: dict[str, str | Promise] = {
        "nickname": _("Alias"),
        "inbound": _("Inbound agent"),
        "outbound": _("Outbound agent"),
    }
    if not labels.keys() & wish.keys():
        return []
    return [_wish_line(str(label), name, wish.get(name), catalogue) for name, label in labels.items()]


def _wish_line(label: str, name: str, wish: Mapping[str, Any] | None, catalogue: Catalogue) -> WishLine:
    if wish is None:
        return WishLine(label, _("keep"), None)
    if wish["how"] == "UNASSIGN":
        return WishLine(label, _("empty") if name == "nickname" else _("unassign"), None)
    how = _("set by the pattern") if wish["how"] == "PATTERN" else _("set to")
    return WishLine(label, how, value_of(name, wish["value"], catalogue))
