"""The marks of a picker are what the guard says."""

from itertools import product

import pytest
from pytest_django import DjangoAssertNumQueries

from phones.models import Phone, Project
from phones.services.agents.marks import effects_of
from phones.services.editing.guard import impacts_of
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.impact import Effect
from phones.services.routing.lanes import Lane, Target


def offered(project: Project) -> list[Target]:
    return [Target(agent, version) for agent in catalogue_of(project).agents for version in agent.versions]


def effect_by_guard(phone: Phone, edit: PhoneEdit, lane: Lane) -> Effect:
    return next(impact.effect for impact in impacts_of(phone, edit) if impact.lane == lane)


@pytest.mark.parametrize("lane", Lane)
def test_marks_are_the_guards_for_every_phone_and_version(aurora: Project, lane: Lane) -> None:
    targets = offered(aurora)
    alone, seen = PhoneEdit(), set()

    for phone in Phone.objects.filter(project=aurora):
        marks = effects_of(phone=phone, edit=alone, lanes=[lane], targets=targets)
        for target in targets:
            wanted = PhoneEdit(inbound=target) if lane is Lane.INBOUND else PhoneEdit(outbound=target)
            assert marks[target.version.id] == effect_by_guard(phone, wanted, lane)
        seen |= set(marks.values())

    assert seen == {Effect.NO_PUBLISH, Effect.WILL_PUBLISH, Effect.WILL_BE_REFUSED, Effect.DRAFT}


def test_marks_know_what_the_other_lane_is_to_have(aurora: Project, spare_phone: Phone) -> None:
    targets = offered(aurora)

    for beside, target in product(targets[:8], targets):
        edit = PhoneEdit(nickname="New", outbound=beside)
        marks = effects_of(phone=spare_phone, edit=edit, lanes=[Lane.INBOUND], targets=[target])
        wanted = PhoneEdit(inbound=target, outbound=beside)
        assert marks[target.version.id] == effect_by_guard(spare_phone, wanted, Lane.INBOUND)


def test_marks_for_both_lanes_are_of_an_edit_of_both(aurora: Project, spare_phone: Phone) -> None:
    targets = offered(aurora)

    marks = effects_of(phone=spare_phone, edit=PhoneEdit(), lanes=list(Lane), targets=targets)

    for target in targets:
        wanted = PhoneEdit(inbound=target, outbound=target)
        assert marks[target.version.id] == effect_by_guard(spare_phone, wanted, Lane.INBOUND)


def test_marks_read_counts_alone(
    aurora: Project, spare_phone: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    targets = offered(aurora)

    with django_assert_num_queries(2) as queries:
        effects_of(phone=spare_phone, edit=PhoneEdit(), lanes=[Lane.INBOUND], targets=targets)

    assert all("COUNT(*)" in query["sql"] for query in queries.captured_queries)
