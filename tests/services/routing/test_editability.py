"""What may be edited by status: the whole table."""

from datetime import UTC, datetime

import pytest

from phones.models import Phone
from phones.services.routing.editability import KNOWN_STATUSES, Policy, Why, policy_for

NOW = datetime(2026, 11, 24, tzinfo=UTC)

TABLE = {
    "assigned": Policy(can_label=True, can_route=True, why=None),
    "reserved": Policy(can_label=True, can_route=False, why=Why.RESERVED),
    "pending_verification": Policy(can_label=True, can_route=False, why=Why.PENDING_VERIFICATION),
    "released": Policy(can_label=False, can_route=False, why=Why.RELEASED),
    "finished": Policy(can_label=False, can_route=False, why=Why.FINISHED),
    "ported": Policy(can_label=False, can_route=False, why=Why.UNKNOWN_STATUS),
    "ASSIGNED": Policy(can_label=False, can_route=False, why=Why.UNKNOWN_STATUS),
    "": Policy(can_label=False, can_route=False, why=Why.UNKNOWN_STATUS),
}


@pytest.mark.parametrize(("status", "policy"), TABLE.items())
def test_status_decides_what_is_open(status: str, policy: Policy) -> None:
    assert policy_for(Phone(status=status)) == policy


@pytest.mark.parametrize("status", TABLE)
def test_missing_phone_is_read_only_whatever_its_status(status: str) -> None:
    assert policy_for(Phone(status=status, missing_since=NOW)) == Policy(False, False, Why.MISSING)


def test_known_statuses_are_those_of_the_table() -> None:
    assert KNOWN_STATUSES == ("assigned", "reserved", "pending_verification", "released", "finished")
