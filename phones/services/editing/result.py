"""What a save comes to: one kind, and what there is to say with it."""

from dataclasses import dataclass
from enum import StrEnum

from phones import diga
from phones.models import Change, Schedule
from phones.services.routing.editability import Policy
from phones.services.routing.edits import PhoneSnapshot
from phones.services.routing.impact import Impact


class SaveKind(StrEnum):
    """How a save ends. Nothing was sent but for `SENT` and `OUTCOME_NOT_RECORDED`."""

    SENT = "sent"  # `change` says what became of it, or of the earlier send of the same form.
    SCHEDULED = "scheduled"  # It is set for a later time: `schedule` is its row.
    READY = "ready"  # Nothing stands in the way: what a check says, never a save.
    NOTHING_TO_CHANGE = "nothing_to_change"
    READ_ONLY = "read_only"  # There is no key, or Diga has rejected it.
    NOT_EDITABLE = "not_editable"  # The phone's status closes a field: `policy` says why.
    CONFLICT = "conflict"  # Somebody changed the same `fields` meanwhile; `now` is what Diga says.
    WILL_BE_REFUSED = "will_be_refused"  # Diga would refuse, because of `impacts`, which were read for this.
    NOT_CHECKED = "not_checked"  # Our copy foresees a refusal, and Diga was not asked: `error`, or it needs a sync.
    NO_CONSENT = "no_consent"  # `impacts` on live calls have not been agreed to.
    ALREADY_SENT = "already_sent"  # The same form is being sent right now, and that takes long.
    SPENT_FORM = "spent_form"  # The form was sent before with other content: `change` came of that.
    BEING_SAVED = "being_saved"  # Another save of the phone is under way, and takes long.
    BUSY = "busy"  # Others are saving the phone all the time.
    NOT_RECORDED = "not_recorded"  # The log could not be written.
    OUTCOME_NOT_RECORDED = "outcome_not_recorded"  # It was sent, and what became of it is looked at again soon.


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What a save has come to, and for its kind what `SaveKind` says.

    `merged` are the fields somebody else had changed meanwhile, which were left as they are. `error` is why Diga gave
    no usable answer, where it gave none.
    """

    kind: SaveKind
    change: Change | None = None
    merged: tuple[str, ...] = ()
    impacts: tuple[Impact, ...] = ()
    fields: tuple[str, ...] = ()
    now: PhoneSnapshot | None = None
    policy: Policy | None = None
    error: diga.DigaError | None = None
    schedule: Schedule | None = None
