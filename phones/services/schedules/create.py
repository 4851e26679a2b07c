"""Setting a change of one phone for a later time: it is foreseen now, and checked again then."""

from datetime import datetime

from django.db import IntegrityError, transaction

from phones.models import Phone, Project, Schedule, ScheduleKind
from phones.services.clock import Clock
from phones.services.editing.guard import impacts_of
from phones.services.editing.put_backs import record_set
from phones.services.editing.result import SaveKind, SaveResult
from phones.services.editing.write import Author
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.editability import policy_for
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.impact import Effect, Impact, fingerprint
from phones.services.routing.snapshots import edit_snapshot, snapshot


def schedule_change(
    *,
    project: Project,
    phone: Phone,
    edit: PhoneEdit,
    base: PhoneSnapshot,
    author: Author,
    agreed: str | None,
    due_at: datetime,
    clock: Clock,
) -> SaveResult:
    """Set a change for a time, and return `SCHEDULED` with its row; or why it can't be set, as for a save.

    Nothing is sent, and Diga is not asked: the guard reads our copy. A second send of the author's form gives the first
    one's row. `author.until` is when the change is put back.
    """
    if earlier := _made_of(author):
        is_same = earlier.phone_id == phone.pk
        return SaveResult(SaveKind.SCHEDULED, schedule=earlier) if is_same else SaveResult(SaveKind.ALREADY_SENT)
    policy = policy_for(phone)
    impacts = impacts_of(phone, edit)
    if edit.is_empty:
        return SaveResult(SaveKind.NOTHING_TO_CHANGE)
    if not project.is_writable:
        return SaveResult(SaveKind.READ_ONLY)
    if not policy.can_label or (edit.moves_calls and not policy.can_route):
        return SaveResult(SaveKind.NOT_EDITABLE, policy=policy)
    if any(impact.is_refused for impact in impacts):
        return SaveResult(SaveKind.WILL_BE_REFUSED, impacts=impacts)
    if any(impact.needs_consent for impact in impacts) and agreed != fingerprint(impacts):
        return SaveResult(SaveKind.NO_CONSENT, impacts=impacts)
    row = Schedule(
        project=project,
        kind=ScheduleKind.CHANGE,
        due_at=due_at,
        until_at=author.until,
        author=author.user,
        author_name=author.shown_name,
        reason=author.reason,
        ticket=author.ticket,
        phone=phone,
        before=snapshot(catalogue_of(project), base, edit.fields),
        after=edit_snapshot(edit),
        agreed=_published_by(impacts),
        form_token=author.form_token,
        created_at=clock(),
    )
    return SaveResult(SaveKind.SCHEDULED, schedule=_save(row, author), impacts=impacts)


def _made_of(author: Author) -> Schedule | None:
    return Schedule.objects.filter(form_token=author.form_token).first() if author.form_token else None


def _published_by(impacts: tuple[Impact, ...]) -> list[str]:
    published = {impact.target for impact in impacts if impact.effect is Effect.WILL_PUBLISH and impact.target}
    return sorted(str(target.version.id) for target in published)


def _save(row: Schedule, author: Author) -> Schedule:
    """Save a row with its act; where the other send of its form was quicker, return the row of that."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            record_set(row)
    except IntegrityError:
        if earlier := _made_of(author):
            return earlier
        raise
    return row
