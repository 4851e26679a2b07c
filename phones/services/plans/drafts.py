"""What a plan is made from: who asks for it, an edit for each phone, and what could not be read of an uploaded file."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User

from phones.models import Change, Phone, Plan, PlanKind, Project
from phones.services.routing.edits import PhoneEdit


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A phone and what is wanted on it. `line` is where the file said so, None where there was no file.

    Whoever makes the row may know more than the preview can find out: `look` is the code of a reason to look at it
    first, with `details` for its sentence. A row whose edit is empty stays in the plan, to be explained, if it
    has `after`, the values that can't be had, as the log keeps them; `cannot` is the code of the reason, "" where
    the phone is so already.
    """

    phone_id: uuid.UUID
    edit: PhoneEdit
    line: int | None = None
    look: str = ""
    cannot: str = ""
    after: Mapping[str, Any] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_explained(self) -> bool:
        """True for a row that is in the plan only to say why nothing will be done."""
        return self.edit.is_empty and self.after is not None


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line of a file from which no row could be made: `text` is a sentence for the person, ready translated."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class NotedEdit:
    """What a file says of a phone's note and tags, where it differs from ours; None where it doesn't.

    `seen` is the note that it replaces; `add` and `remove` are tags.
    """

    phone: Phone
    note: str | None = None
    seen: str = ""
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(slots=True)
class Draft:
    """All that a plan is made from, in the order of the list or file. No phone is in it twice.

    `notes` are what a person has to know of how a file was read (see `Plan.notes`). `noted` are edits of what this
    desk keeps by itself: no part of the plan.
    """

    rows: list[PlannedRow] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)
    notes: list[dict[str, str | int]] = field(default_factory=list)
    noted: list[NotedEdit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A plan as its author asks for it.

    `wish` is for the heading, `origin` the plan that it follows (see `Plan`); `reverts` says which change each phone's
    row takes back. `form_token` and `form_digest` tell the form that was sent, and its content.
    """

    project: Project
    author: User
    kind: PlanKind
    draft: Draft
    reason: str
    ticket: str = ""
    wish: Mapping[str, Any] = field(default_factory=dict)
    origin: Plan | None = None
    reverts: Mapping[uuid.UUID, Change] = field(default_factory=dict)
    form_token: uuid.UUID | None = None
    form_digest: str = ""
