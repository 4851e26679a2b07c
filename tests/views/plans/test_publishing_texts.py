"""A plan that publishes a version says what others wrote as text, and never the key."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bench.rig.invariants import assert_invariants
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Project
from tests.fixtures.desk import Canary
from tests.support.desk.published import plan_of
from tests.support.desk.saving import forget_waiting
from tests.support.pages.hostile import HOSTILE, harmless
from tests.support.pages.pages import plan
from tests.support.pages.places import add_publishing
from tests.support.pages.plan_pages import press, show

pytestmark = pytest.mark.django_db(transaction=True)
ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of a lead."""
    return client_of(lead)


@pytest.mark.parametrize("text", [" ".join(HOSTILE[start : start + 4]) for start in range(0, len(HOSTILE), 4)])
def test_names_reasons_and_diga_s_words_stay_text(client: Client, aurora: Project, text: str) -> None:
    def shape(value: str) -> list[tuple[str, list[str]]]:
        given: dict[str, Any] = {"agent_name": value, "reason": value, "ticket": value, "author_name": value}
        made = add_publishing(aurora, **given, message=value, request_id=value, outcome="REFUSED")
        return [(each.tag, sorted(each.attrib)) for each in show(client, made).iter()]

    assert shape(text) == shape(harmless(text))


@pytest.mark.parametrize("status", [200, 400, 401, 403, 409, 500])
def test_key_is_on_no_page_and_in_no_row(
    client: Client,
    aurora: Project,
    lead: User,
    canary: Canary,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    forget_waiting(monkeypatch)
    made = plan_of(aurora, "Alicia", 6, by=lead)
    body: dict[str, Any] = {"message": f"Unknown key: Authorization: Bearer {canary.token}"}
    if status != 200:
        plan(sandbox, Fault("status", status=status, body=body, method="PATCH"))

    with caplog.at_level("DEBUG"):
        page = client.get(press(client, made, "apply", typed=str(made.items.count()))["Location"])

    said = page.content.decode() + caplog.text
    assert "published_version" in caplog.text
    assert canary.found_in(said) == []
    assert_invariants(sandbox, said=said)
