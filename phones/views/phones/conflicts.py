"""Fields that two people changed: what it was, what Diga has now and by whom, what was typed."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.forms.utils import ErrorList
from django.utils.translation import gettext as _

from phones.forms.opened import Seen
from phones.forms.phones import MINE, THEIRS, NicknameForm
from phones.models import Change, Source
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.edits import PhoneSnapshot
from phones.services.routing.snapshots import reads_as
from phones.templatetags.desk import clock_time
from phones.views.parts.changes import Side, field_label, side_of


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that two people changed. `who` tells of the value Diga has now; `chosen` is "", theirs or mine."""

    name: str
    label: str
    was: Side
    now: Side
    yours: Side
    who: str
    chosen: str
    errors: ErrorList

    @property
    def is_theirs(self) -> bool:
        """True when what Diga has now was chosen."""
        return self.chosen == THEIRS

    @property
    def is_mine(self) -> bool:
        """True when what was typed was chosen."""
        return self.chosen == MINE

    @property
    def field_name(self) -> str:
        """The name of the choice in the form, and the start of its ids."""
        return f"choose_{self.name}"

    @property
    def errors_id(self) -> str:
        """The id of the place for the choice's errors."""
        return f"{self.name}-choice-errors"


@dataclass(frozen=True, slots=True)
class Merge:
    """A field that only others changed, and which was left as it is."""

    label: str
    was: Side
    now: Side


def clashes_of(form: NicknameForm, changes: Sequence[Change]) -> list[Clash]:
    """Return the fields in which the person has to choose. `changes` are the phone's newest, newest first."""
    seen, catalogue = form.seen, form.catalogue
    if seen.before is None:
        return []
    found = []
    for name in seen.asked:
        change = _made_by(name, seen.base, changes)
        found.append(
            Clash(
                name=name,
                label=field_label(name),
                was=_side(name, seen.before, catalogue),
                now=_side_of_change(name, change) or _side(name, seen, catalogue),
                yours=_yours(name, form),
                who=_who(change) if change else _("Changed outside this desk"),
                chosen=str(form.data.get(f"choose_{name}", "")),
                errors=form.conflict.errors.get(f"choose_{name}", ErrorList()),
            )
        )
    return found


def merges_of(form: NicknameForm) -> list[Merge]:
    """Return the fields that others changed meanwhile, and in which there is nothing to choose."""
    seen, catalogue = form.seen, form.catalogue
    if seen.before is None:
        return []
    before = seen.before
    return [
        Merge(field_label(name), _side(name, before, catalogue), _side(name, seen, catalogue)) for name in seen.merged
    ]


def _side(name: str, seen: Seen, catalogue: Catalogue) -> Side:
    value = seen.base.value(name)
    if name == "nickname":
        return Side(str(value) or _("No alias"))
    if not isinstance(value, uuid.UUID):
        return Side(_("No agent"))
    agent = catalogue.agent(value)
    # A read tells the agent only; the version is the one that was published then, if it was known.
    kept = catalogue.version(uuid.UUID(seen.kept[name])) if seen.kept[name] else None
    return Side(agent.name if agent else _("Unknown agent"), True, kept[1].label if kept else "")


def _yours(name: str, form: NicknameForm) -> Side:
    if name == "nickname":
        return Side(str(form["nickname"].value() or "") or _("No alias"))
    if form[f"unassign_{name}"].value():
        return Side(_("No agent"))
    chosen = str(form[f"{name}_version_id"].value() or "")
    found = form.catalogue.version(uuid.UUID(chosen)) if chosen else None
    return Side(found[0].name, True, found[1].label) if found else _side(name, form.seen, form.catalogue)


def _made_by(name: str, now: PhoneSnapshot, changes: Iterable[Change]) -> Change | None:
    """Return the newest change of the field, if it is the one that led to the value Diga has now."""
    newest = next((change for change in changes if name in change.after), None)
    return newest if newest and _comes_to(newest, name) == now.value(name) else None


def _comes_to(change: Change, name: str) -> object:
    return reads_as(name, change.stored.get(name, change.after[name]))


def _side_of_change(name: str, change: Change | None) -> Side | None:
    """Return an agent with the version that the log says it was given, where it says so."""
    value: Any = change.stored.get(name, change.after[name]) if change and name != "nickname" else None
    return side_of(name, value) if value and value.version_label else None


def _who(change: Change) -> str:
    if change.source == Source.OUTSIDE:
        if change.seen_from is None:
            return _("Changed outside this desk")
        times = {"since": clock_time(change.seen_from), "until": clock_time(change.created_at)}
        return _("Changed outside this desk, between %(since)s and %(until)s") % times
    names = {"who": change.actor_name or _("Phone Desk"), "time": clock_time(change.settled_at or change.created_at)}
    said = _("%(who)s, %(time)s") % names
    more = [change.ticket, f"“{change.reason}”" if change.reason else ""]
    return " · ".join([said, *filter(None, more)])
