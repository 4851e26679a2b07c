"""Writing down acts: the only place that adds them, each sealed in its chain in the same transaction."""

import json
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from phones.diga.key_pattern import KEY, MASK
from phones.models import Act, ActKind, Project, SealKind, chain_of
from phones.services.audit.chain.appending import Link, append
from phones.services.audit.chain.hashing import ACT_FIELDS, act_digest
from phones.services.display_names import name_of

client_address: ContextVar[str] = ContextVar("client_address", default="")
"""The address of the client whose request is answered, "" without a request. A middleware sets it."""


def record_act(
    *,
    kind: ActKind,
    at: datetime,
    actor: User | None,
    project: Project | None = None,
    subject: User | None = None,
    details: Mapping[str, Any] | None = None,
) -> Act:
    """Write down an act, in the transaction of what it is about if there is one: neither is stored without the other.

    Call it last in a transaction, as it locks the chain until the commit.

    :param actor: who did it; None for the program itself, and for somebody who isn't signed in.
    :param project: None for what belongs to the site, such as a sign-in.
    :param subject: to whom it was done, if not to the actor; an unsaved user for a person without an account.
    :param details: a small JSON object. It is shown, exported and kept for good: no
        keys, codes or passwords. What looks like a key (pasted into a search) is masked.
    """
    act = Act(
        project=project,
        kind=kind,
        actor_id=actor.pk if actor else None,
        actor_username=actor.get_username() if actor else "",
        actor_name=name_of(actor) if actor else "",
        subject_id=subject.pk if subject else None,
        subject_username=subject.get_username() if subject else "",
        subject_name=name_of(subject) if subject else "",
        details=_masked(details or {}),
        address=client_address.get(),
        at=at,
    )
    with transaction.atomic():
        act.save(force_insert=True)
        digest = act_digest([getattr(act, name) for name in ACT_FIELDS])
        append(chain_of(project), [Link(SealKind.ACT, digest, act=act)])
    return act


def _masked(details: Mapping[str, Any]) -> dict[str, Any]:
    masked: dict[str, Any] = json.loads(KEY.sub(MASK, json.dumps(details, ensure_ascii=False)))
    return masked
