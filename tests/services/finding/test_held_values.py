"""What a phone's own columns tell of a condition is what the database says."""

import pytest
from django.db.models import Exists, F, Q

from phones.models import Change, Phone, Project
from phones.services.finding.held_values import holds

RELEASED, UNNAMED = Q(status="released"), Q(nickname__isnull=True)
SAME = Q(inbound_agent_id=F("outbound_agent_id"))
UNKNOWN = Q(number__startswith="+34951")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wanted",
    [
        RELEASED,
        ~RELEASED,
        RELEASED | UNNAMED,
        ~(RELEASED | UNNAMED),
        ~RELEASED & ~UNNAMED,
        Q(status__in=("released", "assigned")),
        ~Q(status__in=["assigned"]),
        Q(pk__in=()),
        Q(inbound_agent_id__isnull=False, outbound_agent_id__isnull=False) & ~SAME,
    ],
)
def test_own_columns_tell_what_the_database_says(aurora: Project, wanted: Q) -> None:
    found = set(Phone.objects.filter(wanted))

    told = {phone for phone in aurora.phones.all() if holds(wanted, phone)}

    assert told == found


@pytest.mark.django_db
def test_what_takes_a_query_is_left_open_unless_the_rest_decides(sales_phone: Phone) -> None:
    met, failed = Q(pk=sales_phone.pk), Q(pk__in=())
    changed = Q(Exists(Change.objects.all()))

    told = [holds(wanted, sales_phone) for wanted in (UNKNOWN, changed, ~changed, UNKNOWN & met, UNKNOWN | failed)]
    decided = [holds(wanted, sales_phone) for wanted in (UNKNOWN & failed, UNKNOWN | met, ~(changed & failed))]

    assert (told, decided) == ([None] * 5, [False, True, True])
