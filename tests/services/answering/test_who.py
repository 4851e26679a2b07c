"""Who answers a phone: one rule for its drawer and for the overview's conditions."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from phones.models import Outcome, Phone, Project
from phones.services.answering.fix import suggested_target
from phones.services.answering.who import Kind, who_answers
from phones.services.finding.health import CONDITIONS, condition, problems_of
from phones.services.routing.catalogue import catalogue_of
from tests.support.database.history import add_changes

LATER = datetime(2026, 12, 12, tzinfo=UTC)


def _kind(phone: Phone, **known: bool) -> Kind:
    return who_answers(phone, catalogue_of(phone.project), **known).kind


@pytest.mark.parametrize(
    ("fixture", "kind"),
    [
        ("sales_phone", Kind.ANSWERED),
        ("survey_phone", Kind.UNASSIGNED),
        ("spare_phone", Kind.UNASSIGNED),
        ("orphan_phone", Kind.UNKNOWN_AGENT),
        ("reserved_phone", Kind.RESERVED),
        ("pending_phone", Kind.PENDING_VERIFICATION),
        ("released_phone", Kind.GIVEN_BACK),
        ("finished_phone", Kind.FINISHED),
    ],
)
def test_kind_is_by_status_and_agent(request: pytest.FixtureRequest, fixture: str, kind: Kind) -> None:
    assert _kind(request.getfixturevalue(fixture)) is kind


def test_agent_without_a_published_version_answers_nothing(aurora: Project) -> None:
    phone = Phone.objects.get(number="+34900686427")

    found = who_answers(phone, catalogue_of(aurora))

    assert (found.kind, found.agent and found.agent.name, found.version) == (
        Kind.UNPUBLISHED,
        "Elena · Urgencias",
        None,
    )


def test_what_is_known_besides_decides(sales_phone: Phone, orphan_phone: Phone) -> None:
    assert _kind(sales_phone, has_minutes=False) is Kind.NO_MINUTES
    assert _kind(sales_phone, is_version_checked=False) is Kind.CHECKING
    assert _kind(orphan_phone, are_agents_read=False) is Kind.AGENTS_UNREAD


def test_status_that_nobody_knows_and_missing_phone(sales_phone: Phone) -> None:
    sales_phone.status = "ported"
    found = who_answers(sales_phone, catalogue_of(sales_phone.project))
    sales_phone.missing_since = LATER

    assert (found.kind, found.status) == (Kind.UNKNOWN_STATUS, "ported")
    assert _kind(sales_phone) is Kind.MISSING


def test_release_date_is_told_of_a_phone_that_is_answered(sales_phone: Phone) -> None:
    sales_phone.scheduled_release_at = LATER

    found = who_answers(sales_phone, catalogue_of(sales_phone.project))

    assert (found.kind, found.ends_at, found.version and found.version.label) == (Kind.ANSWERED, LATER, "v2")


def _by_condition(code: str, project: Project) -> set[Phone]:
    return set(project.phones.filter(condition(code, project, catalogue_of(project), timezone.now())))


def test_conditions_of_the_overview_follow_the_same_rule(aurora: Project) -> None:
    def kinds(*wanted: Kind) -> set[Phone]:
        return {phone for phone in aurora.phones.all() if _kind(phone) in wanted}

    unsound = kinds(Kind.UNPUBLISHED, Kind.UNKNOWN_AGENT)

    assert _by_condition("no_inbound", aurora) == kinds(Kind.UNASSIGNED) != set()
    assert unsound != set()
    assert unsound <= _by_condition("agent_trouble", aurora)
    assert _by_condition("agent_trouble", aurora) & kinds(Kind.ANSWERED) == set()


def test_problems_of_one_phone_are_the_conditions_that_find_it(aurora: Project, sales_phone: Phone) -> None:
    Phone.objects.filter(nickname="Citas Málaga").update(answered_otherwise_at=timezone.now())
    add_changes(sales_phone, 1, outcome=Outcome.UNKNOWN)
    catalogue, now = catalogue_of(aurora), timezone.now()
    found = {code: _by_condition(code, aurora) for code in CONDITIONS}

    told = {phone: problems_of(phone, catalogue, now) for phone in aurora.phones.all()}

    assert told == {phone: [code for code in CONDITIONS if phone in found[code]] for phone in told}
    assert {code for codes in told.values() for code in codes} == {*CONDITIONS} - {"missing"}


def test_suggested_is_the_live_agent_that_answers_most(
    aurora: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    catalogue = catalogue_of(aurora)
    with django_assert_num_queries(1):
        target = suggested_target(aurora, catalogue)
    Phone.objects.exclude(number="+34951441246").update(inbound_agent_id=None)

    other = suggested_target(aurora, catalogue)

    named = [(each.agent.name, each.version.label) for each in (target, other) if each]
    assert named == [("Alicia · Recepción", "v5"), ("Bruno · Ventas", "v2")]
