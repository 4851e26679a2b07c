"""What needs a look: known counts of the seed, and each condition at its edges."""

from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from phones import diga
from phones.models import Agent, AgentVersion, Outcome, Phone, Project, Source
from phones.services.editing import save
from phones.services.finding import health
from phones.services.finding.health import CONDITIONS, condition, quarantine_days_left, queue_of
from phones.services.finding.keyset import UNKNOWN_KEY
from phones.services.phone_numbers import nickname_key
from phones.services.routing.catalogue import catalogue_of, forget_catalogues
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.sync.store import store_phone
from tests.support.database.history import add_changes

pytestmark = pytest.mark.django_db


def counts_of(project: Project, now: datetime | None = None) -> dict[str, int]:
    """Return the counts of the queue."""
    forget_catalogues()
    return queue_of(project, catalogue_of(project), now or timezone.now()).counts


def found_by(code: str, project: Project, now: datetime | None = None) -> set[Phone]:
    """Return the phones that meet a condition."""
    forget_catalogues()
    wanted = condition(code, project, catalogue_of(project), now or timezone.now())
    return set(Phone.objects.filter(wanted, project=project))


def test_seed_has_known_counts(aurora: Project) -> None:
    assert counts_of(aurora) == {
        "no_inbound": 4,
        "agent_trouble": 2,
        "answered_otherwise": 0,
        "never_confirmed": 0,
        "releasing_soon": 1,
        "missing": 0,
        "pending_verification": 1,
        "quarantine": 1,
        "same_alias": 1,
        "lanes_differ": 11,
    }


def test_every_count_is_the_number_of_phones_its_condition_finds(aurora: Project, sales_phone: Phone) -> None:
    Phone.objects.filter(pk=sales_phone.pk).update(missing_since=timezone.now())
    add_changes(Phone.objects.exclude(pk=sales_phone.pk)[0], 2, outcome=Outcome.UNKNOWN)
    Phone.objects.filter(nickname="Citas Málaga").update(answered_otherwise_at=timezone.now())

    counts = counts_of(aurora)

    assert counts == {code: len(found_by(code, aurora)) for code in CONDITIONS}
    assert list(counts) == list(CONDITIONS)
    assert min(counts.values()) > 0


def test_queue_takes_two_queries_however_many_phones_there_are(
    aurora: Project, sales_phone: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    catalogue = catalogue_of(aurora)
    copies = list(Phone.objects.filter(pk=sales_phone.pk)) * 1000
    numbered = [Phone(**_values(phone) | {"number": f"+3491{place:07d}"}) for place, phone in enumerate(copies)]
    Phone.objects.bulk_create(numbered)

    with django_assert_num_queries(2):
        queue = queue_of(aurora, catalogue, timezone.now())

    assert queue.counts["same_alias"] == 1002


def _values(phone: Phone) -> dict[str, object]:
    return {field.attname: getattr(phone, field.attname) for field in Phone._meta.concrete_fields if field.name != "id"}


def test_another_project_is_not_counted(aurora: Project, talleres: Project, sales_phone: Phone) -> None:
    before = counts_of(aurora)
    Phone.objects.filter(project=talleres).update(
        nickname_key=nickname_key(sales_phone.nickname), missing_since=None, status="assigned", inbound_agent_id=None
    )

    assert counts_of(aurora) == before
    assert counts_of(talleres)["no_inbound"] == Phone.objects.filter(project=talleres).count()


def test_unknown_code_is_met_by_none(aurora: Project) -> None:
    assert found_by("urgent", aurora) == set()


@pytest.mark.parametrize("code", [code for code in CONDITIONS if code != "missing"])
def test_phone_that_diga_no_longer_knows_only_counts_as_missing(aurora: Project, code: str) -> None:
    add_changes(Phone.objects.all()[0], 1, outcome=Outcome.UNKNOWN)
    Phone.objects.update(answered_otherwise_at=timezone.now())
    assert found_by(code, aurora) != set()

    Phone.objects.update(missing_since=timezone.now())

    assert found_by(code, aurora) == set()
    assert len(found_by("missing", aurora)) == 40


@pytest.mark.parametrize("status", ["released", "finished"])
@pytest.mark.parametrize("code", ["agent_trouble", "same_alias", "lanes_differ"])
def test_phone_that_is_given_back_can_not_be_put_right(aurora: Project, code: str, status: str) -> None:
    assert found_by(code, aurora) != set()

    Phone.objects.update(status=status)

    assert found_by(code, aurora) == set()


def test_unassigned_status_needs_no_inbound_agent(aurora: Project, spare_phone: Phone, reserved_phone: Phone) -> None:
    found = found_by("no_inbound", aurora)

    assert spare_phone in found
    assert reserved_phone not in found


@pytest.mark.parametrize("lane", ["inbound_agent_id", "outbound_agent_id"])
def test_agent_trouble_in_either_lane(aurora: Project, sales_phone: Phone, spare_phone: Phone, lane: str) -> None:
    agent = Agent.objects.create(project=aurora, name="Paula")
    Phone.objects.filter(pk=spare_phone.pk).update(**{lane: agent.pk})
    assert spare_phone in found_by("agent_trouble", aurora)

    AgentVersion.objects.create(agent=agent, number=1, is_published=True)
    assert spare_phone not in found_by("agent_trouble", aurora)

    Agent.objects.filter(pk=agent.pk).update(is_listed=False)
    assert spare_phone in found_by("agent_trouble", aurora)
    assert sales_phone not in found_by("agent_trouble", aurora)


def test_agents_that_were_never_read_are_no_trouble(aurora: Project) -> None:
    Agent.objects.all().delete()
    Phone.objects.exclude(inbound_agent_id=None).update(inbound_key=UNKNOWN_KEY)
    assert len(found_by("agent_trouble", aurora)) > 20

    aurora.agents_read_at = None

    assert found_by("agent_trouble", aurora) == set()


def test_lanes_differ_only_where_both_are_set(aurora: Project, sales_phone: Phone, survey_phone: Phone) -> None:
    found = found_by("lanes_differ", aurora)

    assert all(phone.inbound_agent_id and phone.outbound_agent_id for phone in found)
    assert not {sales_phone, survey_phone} & found


@pytest.mark.parametrize("nickname", ["VENTAS  costa del SOL", " Véntas Costa del Sol "])
def test_same_alias_whatever_the_spelling(
    aurora: Project, sales_phone: Phone, survey_phone: Phone, nickname: str
) -> None:
    _store(survey_phone, nickname=nickname)

    assert {sales_phone, survey_phone} < found_by("same_alias", aurora)


def test_default_nickname_counts_alone_and_none_does_not(aurora: Project, spare_phone: Phone) -> None:
    assert found_by("same_alias", aurora) == {spare_phone}

    Phone.objects.update(nickname=None, nickname_key="")

    assert found_by("same_alias", aurora) == set()


def test_phones_of_an_older_release_get_their_key(aurora: Project) -> None:
    keys = list(Phone.objects.order_by("pk").values_list("nickname_key", flat=True))
    Phone.objects.update(nickname_key="")

    import_module("phones.migrations.0002_copies_and_views").fill_nickname_keys(apps, None)

    assert list(Phone.objects.order_by("pk").values_list("nickname_key", flat=True)) == keys


def test_nickname_of_a_phone_that_was_given_back_is_free_again(
    aurora: Project, sales_phone: Phone, released_phone: Phone, spare_phone: Phone
) -> None:
    _store(released_phone, nickname=sales_phone.nickname)

    assert found_by("same_alias", aurora) == {spare_phone}


def _store(phone: Phone, **values: object) -> None:
    """Let Diga tell new values of a phone."""
    told = {name: getattr(phone, name) for name in diga.Phone.model_fields if hasattr(phone, name)} | values
    store_phone(phone, diga.Phone.model_construct(**told), fetched_at=timezone.now())


UNPROVEN = [Outcome.UNKNOWN, Outcome.MISMATCH, Outcome.PENDING]


@pytest.mark.parametrize("outcome", UNPROVEN)
def test_never_confirmed_until_a_later_change_is(aurora: Project, sales_phone: Phone, outcome: Outcome) -> None:
    add_changes(sales_phone, 1)
    add_changes(sales_phone, 1, outcome=outcome)
    assert found_by("never_confirmed", aurora) == {sales_phone}

    add_changes(sales_phone, 1, outcome=Outcome.REFUSED)
    add_changes(sales_phone, 1, outcome=Outcome.FAILED)
    add_changes(sales_phone, 1, outcome=Outcome.OBSERVED, source=Source.OUTSIDE)
    assert found_by("never_confirmed", aurora) == {sales_phone}

    add_changes(sales_phone, 1)
    assert found_by("never_confirmed", aurora) == set()


def test_change_confirmed_on_another_phone_proves_nothing(
    aurora: Project, sales_phone: Phone, survey_phone: Phone
) -> None:
    add_changes(sales_phone, 1, outcome=Outcome.UNKNOWN)
    add_changes(survey_phone, 1)

    assert found_by("never_confirmed", aurora) == {sales_phone}


def test_change_under_way_is_not_yet_unconfirmed(aurora: Project, sales_phone: Phone) -> None:
    now = timezone.now()
    add_changes(sales_phone, 1, outcome=Outcome.PENDING, created_at=now)

    assert found_by("never_confirmed", aurora, now + health.ANSWER_LIMIT) == set()
    assert found_by("never_confirmed", aurora, now + health.ANSWER_LIMIT + timedelta(seconds=1)) == {sales_phone}


@pytest.mark.parametrize(
    ("passed", "left"),
    [
        (timedelta(0), 30),
        (timedelta(hours=1), 30),
        (timedelta(days=1), 29),
        (timedelta(days=29, hours=1), 1),
        (timedelta(days=30), 0),
        (timedelta(days=99), 0),
    ],
)
def test_quarantine_days_left(passed: timedelta, left: int) -> None:
    now = timezone.now()

    assert quarantine_days_left(now - passed, now) == left


def test_queue_says_when_the_longest_held_number_was_given_back(aurora: Project, released_phone: Phone) -> None:
    catalogue = catalogue_of(aurora)

    assert queue_of(aurora, catalogue, timezone.now()).first_release == released_phone.released_at

    Phone.objects.filter(status="released").delete()
    assert queue_of(aurora, catalogue, timezone.now()).first_release is None


def test_fixing_a_phone_lowers_its_count(aurora: Project, router: User, spare_phone: Phone) -> None:
    before = counts_of(aurora)

    save.change_phone(
        project=aurora,
        phone=spare_phone,
        edit=PhoneEdit(nickname="Centralita nueva"),
        base=PhoneSnapshot.of(spare_phone),
        author=save.Author(router, "", ""),
        agreed=None,
        clock=timezone.now,
    )

    assert counts_of(aurora) == before | {"same_alias": 0}
