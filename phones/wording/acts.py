"""Acts in words: what was done, and its details."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from phones.models import Act, ActKind, Role, TokenState

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
}


def words_for_kind(kind: str) -> str:
    """Return what was done; a kind of a newer release by its code."""
    return str(ActKind(kind).label) if kind in ActKind.values else kind


def words_for_details(act: Act) -> str:
    """Return the details of an act as one line, "" without any. What a newer release has added is left out."""
    details = act.details
    found = (words(details[name]) for name, words in _WORDS.items() if name in details)
    parts = [*_changed(details), *found, *_verified(act.kind, details)]
    return " · ".join(part for part in parts if part)


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
    return _("never") if value is None else str(value)


def _role(code: str) -> str:
    return str(Role(code).label) if code in Role.values else code


def _result(code: str) -> str:
    return str(TokenState(code).label) if code in TokenState.values else _("not known")


def _means(codes: str) -> str:
    return ", ".join(str(MEANS.get(code, code)) for code in codes.split())


def _until(text: str) -> str:
    moment = parse_datetime(text)
    return _("until %(time)s") % {"time": date_format(localtime(moment), "SHORT_DATETIME_FORMAT")} if moment else ""


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
_WORDS: dict[str, Callable[[Any], str]] = {
    "role": _role,
    "key": str,
    "result": _result,
    "means": _means,
    "expires_at": _until,
    "plan": lambda number: _("plan %(number)d") % {"number": number},
    "what": lambda code: str(WHAT.get(code, code)),
    "rows": _rows,
    "filter": unquote_plus,
    "reason": str,
}
