"""Acts in words: what was done, and its details."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from phones.models import Act, ActKind, AlertKind, Role, TokenState
from phones.wording.moments import words_for_past, words_for_record
from phones.wording.phones.schedules import words_for_ending

MEANS = {
    "password": gettext_lazy("password"),
    "totp": gettext_lazy("authenticator app"),
    "recovery_codes": gettext_lazy("recovery code"),
    "webauthn": gettext_lazy("passkey"),
}
WHAT = {
    "phones": gettext_lazy("numbers"),
    "changes": gettext_lazy("changes"),
    "plan": gettext_lazy("rows of a plan"),
    "acts": gettext_lazy("acts"),
}
SETTINGS = {
    "typed_above": gettext_lazy("type the count above"),
    "approved_above": gettext_lazy("second person above"),
    "sync_interval_minutes": gettext_lazy("minutes between syncs"),
    "mails": gettext_lazy("mail addresses"),
    "kinds": gettext_lazy("told of"),
    "sync_failing_minutes": gettext_lazy("minutes until failing syncs are told"),
    "language": gettext_lazy("language of the messages"),
    "webhook": gettext_lazy("webhook"),
}


def words_for_kind(kind: str) -> str:
    """Return what was done; a kind of a newer release by its code."""
    return str(ActKind(kind).label) if kind in ActKind.values else kind


@dataclass(frozen=True, slots=True)
class Detail:
    """A detail of an act in words; `title` is the exact time of one that is a moment, else ""."""

    text: str
    title: str = ""


def words_for_details(act: Act) -> list[Detail]:
    """Return the details of an act. What a newer release has added is left out."""
    changed, verified = _changed(act.details), _verified(act.kind, act.details)
    return [*map(Detail, changed), *_said(act.details, _WORDS), *map(Detail, verified)]


def _said(details: Mapping[str, Any], names: Iterable[str]) -> Iterator[Detail]:
    for said in (_WORDS[name](details[name]) for name in names if name in details):
        if said:
            yield said if isinstance(said, Detail) else Detail(said)


def _changed(details: Mapping[str, Any]) -> list[str]:
    """Return what was changed from what to what: a role, or settings by name."""
    before, after = details.get("before"), details.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            f"{SETTINGS.get(name, name)}: {_setting(before.get(name))} → {_setting(value)}"
            for name, value in after.items()
            if before.get(name) != value
        ]
    return [f"{_role(before)} → {_role(after)}"] if isinstance(before, str) and isinstance(after, str) else []


def _setting(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(AlertKind(each).label) if each in AlertKind.values else each for each in value) or "—"
    return _("never") if value is None else str(value) or "—"


def _role(code: str) -> str:
    return str(Role(code).label) if code in Role.values else code


def _result(code: str) -> str:
    return str(TokenState(code).label) if code in TokenState.values else _("not known")


def _means(codes: str) -> str:
    return ", ".join(str(MEANS.get(code, code)) for code in codes.split())


def _until(text: str) -> Detail | None:
    return _timed(_("until %(time)s"), text)


def _at(text: str) -> Detail | None:
    return _timed("%(time)s", text)


def _made_at(text: str) -> Detail | None:
    return _timed(_("made %(time)s"), text)


def _timed(pattern: str, text: str) -> Detail | None:
    moment = parse_datetime(text)
    if moment is None:
        return None
    return Detail(pattern % {"time": words_for_past(moment, timezone.now())}, words_for_record(moment))


def _note(sides: Mapping[str, str]) -> str:
    before, after = (f"“{sides[side]}”" if sides[side] else _("no note") for side in ("before", "after"))
    return f"{before} → {after}"


def _tags(sides: Mapping[str, str]) -> str:
    before, after = (sides[side] or _("no tags") for side in ("before", "after"))
    return f"{before} → {after}"


def words_for_noted(act: Act) -> str:
    """Return what an act did to the note or tags of a number, without the number."""
    return " · ".join(detail.text for detail in _said(act.details, ("note", "tags", "added", "removed")))


def _rows(count: int) -> str:
    return ngettext("%(count)d row", "%(count)d rows", count) % {"count": count}


def _verified(kind: str, details: Mapping[str, Any]) -> list[str]:
    if kind != ActKind.VERIFIED:
        return []
    count = details.get("faults", 0)
    if not count:
        return [_("as it was written, up to seal %(number)d") % {"number": details.get("seals", 0)}]
    return [ngettext("%(count)d fault", "%(count)d faults", count) % {"count": count}]


# In the order in which they are shown.
_WORDS: dict[str, Callable[[Any], str | Detail | None]] = {
    "role": _role,
    "key": str,
    "result": _result,
    "means": _means,
    "expires_at": _until,
    "number": str,
    "note": _note,
    "phones": lambda ids: ngettext("%(count)d number", "%(count)d numbers", len(ids)) % {"count": len(ids)},
    "tags": _tags,
    "added": lambda tags: tags and _("added: %(tags)s") % {"tags": tags},
    "removed": lambda tags: tags and _("taken away: %(tags)s") % {"tags": tags},
    "due_at": _at,
    "change": lambda number: _("change #%(number)d") % {"number": number},
    "ending": words_for_ending,
    "plan": lambda number: _("plan %(number)d") % {"number": number},
    "what": lambda code: str(WHAT.get(code, code)),
    "rows": _rows,
    "view": str,
    "formerly": lambda name: _("formerly “%(name)s”") % {"name": name},
    "filter": unquote_plus,
    "settings": str,
    "hosts": str,
    "made_at": _made_at,
    "reason": str,
}
