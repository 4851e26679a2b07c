"""What somebody agrees to who lets a plan run: each row that will be sent, and each version that goes live by it."""

import hashlib
from dataclasses import astuple

from django.db.models import TextField
from django.db.models.functions import Cast

from phones.models import ItemState, Plan
from phones.services.plans.forecasts.effects import publishings_of


def fingerprint_of(plan: Plan) -> str:
    """Return a text that is equal as long as the plan, as it is ticked, does the same. Two queries.

    It is taken over every row that will be sent, with its values before and after, as the database has them as text;
    and over every version that will be published, with the numbers that go live with it.
    """
    digest = hashlib.sha256(f"{plan.pk}".encode())
    values = ("number", "phone_id", Cast("before", TextField()), Cast("after", TextField()))
    rows = plan.items.filter(state=ItemState.WAITING).order_by("number").values_list(*values)
    for row in rows.iterator():
        digest.update(repr(row).encode())
    for publishing in publishings_of(plan):
        digest.update(repr(astuple(publishing)).encode())
    return digest.hexdigest()
