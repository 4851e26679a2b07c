"""Acts are written down with the names of the time, in the chain of their project or of the site, and never altered."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from phones.client_address import ClientAddress
from phones.models import SITE_CHAIN, Act, ActKind, ChainHead, ChangeSeal, Phone, Project
from phones.services.audit import log
from phones.services.audit.acts import client_address, record_act
from phones.services.audit.chain.hashing import ACT_FIELDS
from phones.services.audit.chain.heads import head_path
from phones.services.audit.chain.verification import verify_log
from tests.fixtures.desk import CANARY, make_user
from tests.fixtures.diary import NOON, entry
from tests.support.database.tampering import run_sql, tamper, unguarded

pytestmark = pytest.mark.django_db(transaction=True)


def act(project: Project | None, kind: ActKind = ActKind.SIGNED_IN, **values: Any) -> Act:
    """Write an act down."""
    return record_act(kind=kind, project=project, at=NOON, **({"actor": None} | values))


def faults(project: Project | None) -> list[str]:
    """Return what is found wrong with the chain of a project, or of the site."""
    return verify_log(project=project).faults


def test_act_has_the_names_of_its_time_and_the_address_of_the_client(quiet_phone: Phone) -> None:
    ana, rita = make_user("ana.r"), make_user("rita")
    User.objects.filter(pk=ana.pk).update(first_name="Ana", last_name="Ruiz")
    ana.refresh_from_db()
    token = client_address.set("192.0.2.7")

    act(quiet_phone.project, ActKind.ROLE_CHANGED, actor=ana, subject=rita, details={"after": "LEAD"})

    client_address.reset(token)
    ana.delete()
    (found,) = Act.objects.values()
    assert found == {
        "id": found["id"],
        "project_id": quiet_phone.project_id,
        "kind": "ROLE_CHANGED",
        "actor_id": found["actor_id"],
        "actor_username": "ana.r",
        "actor_name": "Ana Ruiz",
        "subject_id": rita.pk,
        "subject_username": "rita",
        "subject_name": "Rita Ruiz",
        "details": {"after": "LEAD"},
        "address": "192.0.2.7",
        "at": NOON,
    }
    assert found["actor_id"] is not None
    assert faults(quiet_phone.project) == []


def test_person_without_an_account_is_named(quiet_phone: Phone) -> None:
    act(quiet_phone.project, ActKind.MEMBER_INVITED, subject=User(username="new", first_name="Nadia"))

    done = Act.objects.get()
    assert (done.subject, done.subject_username, done.subject_name) == (None, "new", "Nadia")


def test_acts_and_changes_of_a_project_are_one_chain_and_the_site_has_its_own(quiet_phone: Phone) -> None:
    project = quiet_phone.project
    act(project)
    log.begin([entry(quiet_phone)])
    act(project)
    act(None)

    links = ChangeSeal.objects.order_by("pk").values_list("chain", "number", "kind")

    assert list(links) == [
        (project.pk, 1, "ACT"),
        (project.pk, 2, "BEGUN"),
        (project.pk, 3, "ACT"),
        (SITE_CHAIN, 1, "ACT"),
    ]
    verdict = verify_log(project=project)
    assert (verdict.change_count, verdict.act_count, verdict.seal_count, verdict.faults) == (1, 2, 3, [])
    verdict = verify_log(project=None)
    assert (verdict.change_count, verdict.act_count, verdict.seal_count, verdict.faults) == (0, 1, 1, [])
    assert head_path(SITE_CHAIN).read_text().startswith(f"{1:020d} ")


def test_act_is_stored_with_what_it_is_about_or_not_at_all(quiet_phone: Phone) -> None:
    with transaction.atomic():
        act(quiet_phone.project)
        transaction.set_rollback(True)

    assert (Act.objects.count(), ChangeSeal.objects.count(), ChainHead.objects.count()) == (0, 0, 0)


ALTERED = {
    "project_id": None,
    "kind": "SIGNED_OUT",
    "actor_id": 77,
    "actor_username": "forged",
    "actor_name": "forged",
    "subject_id": 77,
    "subject_username": "forged",
    "subject_name": "forged",
    "details": {"role": "forged"},
    "address": "203.0.113.9",
    "at": NOON.replace(microsecond=1),
}


@pytest.mark.parametrize("column", ALTERED)
def test_altered_act_shows(quiet_phone: Phone, column: str) -> None:
    done = act(quiet_phone.project, details={"role": "LEAD"})
    with unguarded():
        Act.objects.filter(pk=done.pk).update(**{column: ALTERED[column]})

    told = f"Act {done.pk} was altered: it is not what was written."
    if column == "project_id":
        told = f"Act {done.pk} is gone: it was deleted, or moved to another project."
    assert faults(quiet_phone.project) == [told]


def test_every_column_of_an_act_is_sealed() -> None:
    assert {field.attname for field in Act._meta.concrete_fields} == set(ACT_FIELDS) == {"id", *ALTERED}


def test_act_put_in_or_deleted_past_the_program_shows(quiet_phone: Phone) -> None:
    first, second = act(quiet_phone.project), act(quiet_phone.project)
    tamper("DELETE FROM phones_act WHERE id = %s", first.pk)
    tamper("UPDATE phones_act SET id = id + 5 WHERE id = %s", second.pk)

    assert faults(quiet_phone.project) == [
        f"Act {first.pk} is gone: it was deleted, or moved to another project.",
        f"Act {second.pk} is gone: it was deleted, or moved to another project.",
        f"Act {second.pk + 5} has no seal: it was put in by other means.",
    ]


def test_altered_seal_of_an_act_shows(quiet_phone: Phone) -> None:
    done = act(quiet_phone.project)
    tamper("UPDATE phones_changeseal SET mac = %s", "0" * 64)

    assert faults(quiet_phone.project)[0] == (f"Seal 1, of act {done.pk}, was altered, moved or made with another key.")


@pytest.mark.parametrize("statement", ["UPDATE phones_act SET kind = kind", "DELETE FROM phones_act"])
def test_database_refuses_to_alter_and_delete_acts(quiet_phone: Phone, statement: str) -> None:
    act(quiet_phone.project)

    with pytest.raises(DatabaseError, match="An act is never"):
        run_sql(statement)


def test_many_at_a_time_never_fork_a_chain(quiet_phone: Phone) -> None:
    def write(number: int) -> None:
        try:
            act(None if number % 2 else quiet_phone.project, details={"number": number})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(40)))

    assert [verify_log(project=project).seal_count for project in (None, quiet_phone.project)] == [20, 20]
    assert faults(None) + faults(quiet_phone.project) == []


def test_address_is_that_of_the_request_and_of_no_other(rf: RequestFactory) -> None:
    def answer(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(client_address.get())

    response = ClientAddress(answer)(rf.get("/", REMOTE_ADDR="192.0.2.8"))

    assert (response.content, client_address.get()) == (b"192.0.2.8", "")


def test_key_that_was_pasted_in_the_wrong_place_is_masked(quiet_phone: Phone) -> None:
    details = {"filter": f"q={CANARY}&x=ñ", "rows": 3, "deep": {"list": [f"“{CANARY}”"]}}

    act(quiet_phone.project, ActKind.EXPORTED, details=details)

    assert Act.objects.get().details == {"filter": "q=[masked]&x=ñ", "rows": 3, "deep": {"list": ["“[masked]”"]}}
