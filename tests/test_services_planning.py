"""The preview of a plan: what it tells of a row was read from Diga, or it says that it wasn't."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from phones.models import Foreseen, Phone, Project
from phones.services.intention import Intention
from tests.planned import make_plan
from tests.saving import target

pytestmark = pytest.mark.django_db


def test_numbers_that_left_diga_are_in_no_forecast(aurora: Project, lead: User, spare_phone: Phone) -> None:
    wanted = target(aurora, "Dora", 2)
    Phone.objects.filter(project=aurora).using_agents({wanted.agent.id}).update(missing_since=timezone.now())

    plan = make_plan(lead, [spare_phone], Intention(inbound=wanted))

    row = plan.items.get()
    assert (row.foreseen, row.why, row.details["count"]) == (Foreseen.WILL_CHANGE, "publishes", 0)


def test_number_that_left_diga_is_not_already_so(aurora: Project, lead: User, sales_phone: Phone) -> None:
    Phone.objects.filter(pk=sales_phone.pk).update(missing_since=timezone.now())

    plan = make_plan(lead, [sales_phone], Intention(nickname=sales_phone.nickname or ""))

    row = plan.items.get()
    assert (row.foreseen, row.why) == (Foreseen.CANNOT, "missing")
