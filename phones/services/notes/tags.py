"""Tags of phones: short words by which this desk groups numbers. Diga is never told of them."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from phones.models import Act, ActKind, Phone, Project
from phones.services.audit.acts import record_act
from phones.services.clock import Clock
from phones.services.finding.sqlite_search import index_phones
from phones.services.sync.bulk_rows import DERIVED
from phones.services.sync.merge import derive_in_memory

LENGTH_LIMIT = 30
TAGS_A_PHONE = 10
# One act names all numbers that were tagged together.
PHONES_AT_ONCE = 5000
_BATCH = 500
_BETWEEN = re.compile(r"[,;\n]")


class TagTooLong(Exception):
    """A tag has more than `LENGTH_LIMIT` characters; `tag` is it."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


class TooManyTags(Exception):
    """A phone would have more than `TAGS_A_PHONE` tags; nothing was stored. `phone` is the first such one."""

    def __init__(self, phone: Phone) -> None:
        super().__init__(phone.shown)
        self.phone = phone


class TooManyPhones(Exception):
    """More than `PHONES_AT_ONCE` phones were to be tagged at once; nothing was stored."""


def read_tags(text: str) -> tuple[str, ...]:
    """Return the tags of a typed text, which commas, semicolons or line ends part, in alphabetical order.

    A tag is in small letters with single blanks, so that two spellings make one tag. A `#` before it is left out.

    :raises TagTooLong: one is too long.
    """
    parts = (" ".join(part.split()).lstrip("# ") for part in _BETWEEN.split(unicodedata.normalize("NFC", text).lower()))
    tags = sorted({part for part in parts if part})
    for tag in tags:
        if len(tag) > LENGTH_LIMIT:
            raise TagTooLong(tag)
    return tuple(tags)


def change_tags(
    *,
    project: Project,
    phone_ids: Collection[UUID],
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    actor: User,
    clock: Clock,
) -> int:
    """Give these tags to phones and take others away, with one act, and return how many phones that changed.

    What others tagged meanwhile stays: only these tags are touched. A phone that is not of the project is left out.

    :raises TooManyTags: a phone would have too many of them.
    :raises TooManyPhones: those are too many for one act.
    """
    added, removed = set(add), set(remove)
    if len(phone_ids) > PHONES_AT_ONCE:
        raise TooManyPhones
    changed: list[tuple[Phone, tuple[str, ...]]] = []
    ids = sorted(phone_ids)
    with transaction.atomic():
        for start in range(0, len(ids), _BATCH):
            changed += _change(project, ids[start : start + _BATCH], added, removed)
        if changed:
            details = _told(changed, added, removed)
            record_act(kind=ActKind.TAGS_CHANGED, at=clock(), actor=actor, project=project, details=details)
    if changed:
        _note_tags_in_use(project)
    return len(changed)


def _change(
    project: Project, ids: Sequence[UUID], added: set[str], removed: set[str]
) -> list[tuple[Phone, tuple[str, ...]]]:
    """Write the rows of some phones that differ afterwards, and return each with the tags that it had."""
    changed: list[tuple[Phone, tuple[str, ...]]] = []
    for phone in Phone.objects.select_for_update().filter(project=project, pk__in=ids).order_by("pk"):
        had = phone.tag_names
        phone.tag_names = tuple(sorted((set(had) - removed) | added))
        if len(phone.tag_names) > TAGS_A_PHONE:
            raise TooManyTags(phone)
        if phone.tag_names != had:
            derive_in_memory(phone)
            changed.append((phone, had))
    Phone.objects.bulk_update([phone for phone, _had in changed], ["tags", *DERIVED])
    index_phones(project.pk.hex, [phone.pk.hex for phone, _had in changed])
    return changed


def _told(
    changed: Sequence[tuple[Phone, tuple[str, ...]]], added: Iterable[str], removed: Iterable[str]
) -> dict[str, Any]:
    """Return the details of the act: before and after of one phone, or what was done with which of many."""
    if len(changed) > 1:
        ids = [str(phone.pk) for phone, _had in changed]
        return {"phones": ids, "added": ", ".join(sorted(added)), "removed": ", ".join(sorted(removed))}
    ((phone, had),) = changed
    sides = {"before": ", ".join(had), "after": ", ".join(phone.tag_names)}
    return {"phone": str(phone.pk), "number": phone.shown, "tags": sides}


def _note_tags_in_use(project: Project) -> None:
    """Write down which tags the project's phones have, for filters and suggestions.

    After the phones, and by itself: whoever locks the project last sees what all others have stored.
    """
    with transaction.atomic():
        row = Project.objects.select_for_update().only("pk").get(pk=project.pk)
        told = Phone.objects.filter(project=project, tags__isnull=False).values_list("tags", flat=True).distinct()
        row.tags = sorted({tag for tags in told for tag in Phone(tags=tags).tag_names})
        row.save(update_fields=["tags"])
    project.tags = row.tags


def acts_on(phone: Phone, *, limit: int) -> list[Act]:
    """Return what was noted and tagged on a phone, newest first.

    One query, which reads the details of all such acts of the project: for a page that is asked for, not for lists.
    """
    acts = Act.objects.filter(project=phone.project, kind__in=[ActKind.NOTE_CHANGED, ActKind.TAGS_CHANGED])
    return list(acts.filter(details__icontains=str(phone.pk)).order_by("-id")[:limit])
