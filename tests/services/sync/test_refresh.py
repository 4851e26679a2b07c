"""Reading one phone on demand: our copy is Diga's answer, and says whether it had moved."""

import pytest
from django.utils import timezone

from phones.diga import DigaAuthError, DigaError, DigaForbidden, DigaNotFound, DigaUnavailable
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, NoKey, Phone, Project, TokenState
from phones.services.sync.refresh import refresh_phone
from tests.support.desk.saving import forget_waiting, held, is_true_copy, picture, stored


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def refresh(phone: Phone) -> bool:
    return refresh_phone(project=phone.project, phone=phone, clock=timezone.now)


def test_phone_that_has_not_moved_only_gets_a_younger_copy(sandbox: Sandbox, sales_phone: Phone) -> None:
    before = sales_phone.fetched_at
    sandbox.journal.clear()

    has_moved = refresh(sales_phone)

    assert has_moved is False
    assert stored(sales_phone).fetched_at > before
    assert [(request.method, request.path) for request in sandbox.journal] == [("GET", f"/v1/phone/{sales_phone.pk}")]


@pytest.mark.parametrize("field", ["nickname", "inbound_agent_id", "outbound_agent_id"])
def test_phone_that_has_moved_is_copied(sandbox: Sandbox, sales_phone: Phone, field: str) -> None:
    setattr(held(sandbox, sales_phone), field, None)

    has_moved = refresh(sales_phone)

    assert has_moved is True
    assert getattr(sales_phone, field) is None
    assert is_true_copy(sandbox, sales_phone)
    assert set(Change.objects.values_list("source", flat=True)) == {"OUTSIDE"}


def test_status_is_copied_though_it_is_none_of_the_three_values(sandbox: Sandbox, sales_phone: Phone) -> None:
    held(sandbox, sales_phone).status = "released"

    has_moved = refresh(sales_phone)

    assert (has_moved, stored(sales_phone).status) == (False, "released")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("status", status=401, times=None), DigaAuthError),
        (Fault("status", status=403, times=None), DigaForbidden),
        (Fault("status", status=503, times=None), DigaUnavailable),
        (Fault("html", times=None), DigaUnavailable),
        (Fault("missing_field", times=None), DigaUnavailable),
    ],
    ids=["401", "403", "503", "html", "missing field"],
)
def test_failed_reading_changes_nothing(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, fault: Fault, error: type[DigaError]
) -> None:
    before = picture(aurora)
    sandbox.faults.add(Fault(fault.kind, status=fault.status, times=None))

    with pytest.raises(error):
        refresh(sales_phone)

    aurora.refresh_from_db()
    assert picture(aurora) == before
    assert (aurora.token_state == TokenState.REJECTED) == (error is DigaAuthError)


def test_phone_that_is_gone_is_missing_since_the_first_reading_and_back_with_the_next_answer(
    sandbox: Sandbox, sales_phone: Phone
) -> None:
    row = held(sandbox, sales_phone)
    sandbox.phones.remove(sales_phone.pk)

    with pytest.raises(DigaNotFound):
        refresh(sales_phone)
    first = stored(sales_phone).missing_since
    with pytest.raises(DigaNotFound):
        refresh(stored(sales_phone))
    second = stored(sales_phone).missing_since
    sandbox.phones.add(row)
    refresh(sales_phone)

    assert first is not None
    assert second == first
    assert stored(sales_phone).missing_since is None


def test_project_without_a_key_cannot_read(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    aurora.forget_token()
    aurora.save()
    sandbox.journal.clear()

    with pytest.raises(NoKey):
        refresh(sales_phone)

    assert sandbox.journal == []
