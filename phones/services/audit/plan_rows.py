"""The rows of plans in the chain: what somebody let run, as a digest in the act by which they did."""

import hashlib
from collections.abc import Iterator
from typing import Any

from django.db.models import BooleanField, Case, TextField, Value, When
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from phones.models import Act, ActKind, ItemState, Plan, PlanItem, Project
from phones.services.display_names import name_apart

CHUNK = 2000
# By these acts a person answers for the rows; by the others, the rows are open again.
AGREED = (ActKind.PLAN_PROPOSED, ActKind.PLAN_APPROVED, ActKind.PLAN_APPLIED)
REOPENED = (ActKind.PLAN_RETURNED, ActKind.PLAN_DISCARDED)
_HEAD = ("kind", "reason", "ticket", Cast("agreed", TextField()), Cast("wish", TextField()))
_ROW = ("number", "phone_id", Cast("before", TextField()), Cast("after", TextField()))


def plan_digest(plan_id: int) -> str:
    """Return the digest of what a plan is for and of its rows: phone, before, after, and whether it takes part.

    Two queries. It stays the same from the moment that somebody answers for the plan, whatever becomes of its rows.
    """
    digest = hashlib.sha256(repr((plan_id, *Plan.objects.values_list(*_HEAD).get(pk=plan_id))).encode())
    takes_part = Case(
        When(state=ItemState.LEFT_OUT, then=Value(False)), default=Value(True), output_field=BooleanField()
    )
    rows = PlanItem.objects.filter(plan=plan_id).order_by("number").values_list(*_ROW, takes_part)
    for row in rows.iterator(chunk_size=CHUNK):
        digest.update(repr(row).encode())
    return digest.hexdigest()


def check_plans(project: Project) -> Iterator[str]:
    """Compare each plan that somebody answered for with the digest in their act, and its approver with that person."""
    acts = Act.objects.filter(project=project, kind__in=[*AGREED, *REOPENED]).order_by("pk")
    latest: dict[int, tuple[str, dict[str, Any], set[str]]] = {}
    fields = ("kind", "details", "actor_name", "actor_username")
    for kind, details, name, username in acts.values_list(*fields).iterator(chunk_size=CHUNK):
        # Where two have the name, the plan has it with the username.
        latest[details["plan"]] = kind, details, {name, name_apart(name, username)}
    for plan_id, (kind, details, names) in latest.items():
        plan = Plan.objects.filter(pk=plan_id, project=project).first()
        if plan is None:
            yield _("Plan %(plan)s is gone: it was deleted, or moved to another project.") % {"plan": plan_id}
        elif kind in AGREED and plan_digest(plan_id) != details["digest"]:
            yield _("Plan %(plan)s was altered: its rows are not those that somebody answered for.") % {"plan": plan_id}
        elif kind in AGREED[1:] and plan.approver_name not in names:
            yield _("Plan %(plan)s was altered: somebody else let it run.") % {"plan": plan_id}
