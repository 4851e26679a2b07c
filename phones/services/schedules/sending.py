"""One phone's schedule: what is to be sent now, by what Diga says of phone and agents, and its save."""

from collections.abc import Collection
from typing import Any

from phones import diga
from phones.models import Change, NoKey, Outcome, Phone, Project, Schedule, ScheduleKind, ScheduleState, Source
from phones.services.clock import Clock
from phones.services.editing.guard import impacts_of
from phones.services.editing.result import SaveResult
from phones.services.editing.revert import Standing, edit_of, is_revertible, steps_back
from phones.services.editing.save import Sleep, change_phone
from phones.services.editing.write import Author
from phones.services.plans.forecasts.preview import edit_from
from phones.services.projects.clients import client_for
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.impact import Effect, fingerprint
from phones.services.routing.lanes import Lane
from phones.services.routing.snapshots import reads_as
from phones.services.sync.refresh import reread, reread_agents

_STANDINGS = {
    Standing.MOVED: (ScheduleState.SKIPPED, "changed"),
    Standing.CLOSED: (ScheduleState.FAILED, "closed"),
    Standing.NO_AGENT: (ScheduleState.FAILED, "no_agent"),
    Standing.NO_VERSION: (ScheduleState.FAILED, "no_version"),
}


class Over(Exception):
    """There is nothing to send: the row ends in `state`, with the code of the reason."""

    def __init__(self, state: ScheduleState, cause: str) -> None:
        super().__init__(cause)
        self.state, self.cause = state, cause


class NotNow(Exception):
    """It can't be sent now: the row is put off, with the code of the reason."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def send_now(row: Schedule, *, clock: Clock, sleep: Sleep) -> SaveResult:
    """Read phone and agents, and send what is to be sent, as any save is sent.

    :raises Over: nothing is to be sent, today or ever.
    :raises NotNow: the project has no key, or the change to put back is still under way.
    :raises DigaError: Diga gave no usable answer; nothing was sent.
    """
    phone = row.phone
    if phone is None:
        raise TypeError("A schedule of a plan has no phone to send")
    change = _to_put_back(row.change) if row.change else None
    client = _client(row.project)
    reread(project=row.project, phone=phone, client=client, clock=clock)
    reread_agents(project=row.project, client=client, clock=clock)
    if change:
        edit, base, agreed = _edit_back(change, phone, row.project), PhoneSnapshot.of(phone), versions_of(change.before)
    else:
        edit, base, agreed = _edit_of(row), _base_of(row, phone), set(row.agreed)
    return change_phone(
        project=row.project,
        phone=phone,
        edit=edit,
        base=base,
        author=_author(row, change),
        agreed=_agreed(phone, edit, agreed),
        clock=clock,
        sleep=sleep,
    )


def _client(project: Project) -> diga.DigaClient:
    if project.is_rejected:
        raise NotNow("auth")
    try:
        return client_for(project)
    except NoKey:
        raise NotNow("no_key") from None


def _to_put_back(change: Change) -> Change:
    """Return what has come about: the change, or what Diga applied of it late."""
    if change.is_open:
        raise NotNow("unknown_change")
    applied = change.came_late.order_by("pk").last() or change
    if is_revertible(applied):
        return applied
    if applied.outcome == Outcome.MISMATCH:
        raise Over(ScheduleState.SKIPPED, "mismatch")
    raise Over(ScheduleState.CANCELLED, "not_applied")


def _edit_back(change: Change, phone: Phone, project: Project) -> PhoneEdit:
    """Return what takes a change back: all of it, or nothing, where a field was changed again or can't go back."""
    steps = steps_back(change, phone, catalogue_of(project), can_label=True, can_route=True)
    for standing, ending in _STANDINGS.items():
        if any(step.standing is standing for step in steps):
            raise Over(*ending)
    edit = edit_of(steps, {step.name for step in steps})
    if edit.is_empty:
        raise Over(ScheduleState.DONE, "same")
    return edit


def _edit_of(row: Schedule) -> PhoneEdit:
    edit = edit_from(row.after, catalogue_of(row.project))
    if edit is None:
        raise Over(ScheduleState.FAILED, "no_version")
    return edit


def _base_of(row: Schedule, phone: Phone) -> PhoneSnapshot:
    """Return what the phone was when the change was set for its time; what it leaves alone is as it is now."""
    now = PhoneSnapshot.of(phone)
    seen = {name: reads_as(name, value) for name, value in row.before.items()}
    return PhoneSnapshot(
        seen.get("nickname", now.nickname),  # type: ignore[arg-type]
        seen.get("inbound", now.inbound_agent_id),  # type: ignore[arg-type]
        seen.get("outbound", now.outbound_agent_id),  # type: ignore[arg-type]
    )


def _author(row: Schedule, change: Change | None) -> Author:
    source = Source.PUT_BACK if row.kind == ScheduleKind.PUT_BACK else Source.SCHEDULE
    return Author(
        row.author,
        row.reason,
        row.ticket,
        source,
        form_token=row.send_token,
        reverts=change,
        name=row.author_name,
        until=row.until_at,
    )


def versions_of(lanes: dict[str, Any]) -> set[str]:
    """Return the ids of the versions that stood in these lanes: whoever wants them back agrees to their publishing."""
    return {str(lanes[name].version_id) for name in Lane if lanes.get(name)}


def _agreed(phone: Phone, edit: PhoneEdit, versions: Collection[str]) -> str | None:
    """Agree to the impacts as they are now, unless a version would be published that nobody has agreed to."""
    impacts = impacts_of(phone, edit)
    published = (impact.target for impact in impacts if impact.effect is Effect.WILL_PUBLISH)
    return fingerprint(impacts) if all(target and str(target.version.id) in versions for target in published) else None
