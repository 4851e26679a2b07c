"""Whoever takes a file is written down: which rows, by which filter, and how many."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bench.rig.plans import make_plan, phones_of
from phones.models import Act, Project
from phones.services.routing.edits import PhoneEdit
from tests.fixtures.desk import CANARY

ClientOf = Callable[[User], Client]


def taken(client: Client, url: str) -> tuple[int, dict[str, Any]]:
    """Take a file; return how many rows it has, and what was written down."""
    response = client.get(url)
    text = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    done = Act.objects.filter(kind="EXPORTED").order_by("pk").last()
    assert done is not None
    assert f'filename="{done.details.pop("file")}"' in response["Content-Disposition"]
    return text.count(b"\r\n") - 1, done.details


def test_file_of_numbers_is_written_down(client_of: ClientOf, viewer: User, aurora: Project) -> None:
    client = client_of(viewer)

    rows, details = taken(client, "/projects/aurora/phones/export.csv?status=assigned&page=9")
    assert details == {"what": "phones", "filter": "status=assigned", "rows": rows}
    assert rows > 10
    done = Act.objects.get(kind="EXPORTED")
    assert (done.actor, done.project) == (viewer, aurora)
    client.get("/projects/aurora/phones/export.xlsx").getvalue()
    assert Act.objects.filter(kind="EXPORTED").order_by("pk").last().details["rows"] == 40  # type: ignore[union-attr]


def test_file_of_changes_is_written_down(client_of: ClientOf, viewer: User, aurora: Project) -> None:
    assert taken(client_of(viewer), "/projects/aurora/changes/export/?source=FORM") == (
        0,
        {"what": "changes", "filter": "source=FORM", "rows": 0},
    )


def test_file_of_a_plan_is_written_down(client_of: ClientOf, lead: User, aurora: Project) -> None:
    plan = make_plan(lead, phones_of(aurora, 3), PhoneEdit(nickname="Line"))

    assert taken(client_of(lead), f"/projects/aurora/plans/{plan.pk}/export/") == (
        3,
        {"what": "plan", "filter": f"plan={plan.pk}", "rows": 3},
    )


@pytest.mark.parametrize("path", ["phones/export.csv", "changes/export/"])
def test_pasted_key_is_not_written_down(client_of: ClientOf, viewer: User, aurora: Project, path: str) -> None:
    _rows, details = taken(client_of(viewer), f"/projects/aurora/{path}?q={CANARY}")

    assert details["filter"] == "q=[masked]"
