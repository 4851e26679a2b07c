"""What can be wanted of many phones: each field is kept unless somebody says otherwise."""

import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from phones import diga
from phones.diga.sandbox import Sandbox
from phones.forms.plans.planning import WishForm
from phones.models import Phone, Project
from phones.services.plans.bulk_edits import BulkEdit
from phones.services.plans.nickname_patterns import Pattern
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.lanes import Target
from tests.support.pages.pages import version_of

GIVEN = {"reason": "Autumn hours", "form_token": uuid.uuid4().hex}


def sent(project: Project, **typed: str) -> WishForm:
    """Return the form as it was sent, about the first three phones."""
    data = QueryDict(urlencode(GIVEN | typed))
    phones = list(Phone.objects.filter(project=project).order_by("number")[:3])
    return WishForm(data, catalogue=catalogue_of(project), phones=phones)


def wish_of(form: WishForm) -> BulkEdit:
    assert form.is_valid(), form.errors
    return form.wish()


def test_fresh_form_keeps_every_field_and_names_no_agent(aurora: Project) -> None:
    form = WishForm(catalogue=catalogue_of(aurora), phones=[])

    assert [form[f"{name}_how"].value() for name in ("nickname", "inbound", "outbound")] == ["KEEP"] * 3
    assert [form[f"{lane}_version_id"].value() for lane in ("inbound", "outbound")] == [None, None]


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"nickname_how": "KEEP", "inbound_how": "KEEP", "outbound_how": "KEEP"},
        {"nickname_how": "", "inbound_how": ""},
        # What stands in the field of a choice that isn't made is not used.
        {"nickname_pattern": "Line {n}", "inbound_how": "KEEP"},
    ],
)
def test_form_that_keeps_everything_is_refused(aurora: Project, typed: dict[str, str]) -> None:
    form = sent(aurora, **typed)

    assert not form.is_valid()
    assert form.errors == {"__all__": ["Nothing is to be changed: every field is kept. Choose at least one."]}


def test_agent_that_is_picked_but_not_chosen_is_not_set(aurora: Project, sandbox: Sandbox) -> None:
    carla = str(version_of(sandbox, "Carla", 4))

    form = sent(aurora, nickname_how="EMPTY", inbound_how="KEEP", inbound_version_id=carla)

    assert wish_of(form) == BulkEdit(nickname=None)


def test_lane_is_set_in_its_own_direction_only(aurora: Project, sandbox: Sandbox) -> None:
    carla = version_of(sandbox, "Carla", 4)

    wish = wish_of(sent(aurora, inbound_how="SET", inbound_version_id=str(carla)))

    assert isinstance(wish.inbound, Target)
    assert (wish.inbound.version.id, wish.outbound, wish.nickname) == (carla, diga.UNSET, diga.UNSET)


def test_each_field_can_be_emptied(aurora: Project) -> None:
    assert wish_of(sent(aurora, nickname_how="EMPTY", outbound_how="EMPTY")) == BulkEdit(None, diga.UNSET, None)


def test_nickname_is_set_to_a_pattern(aurora: Project) -> None:
    wish = wish_of(sent(aurora, nickname_how="SET", nickname_pattern="  Line {n:03} "))

    assert wish == BulkEdit(Pattern("Line {n:03}"))


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"nickname_how": "SET"}, "nickname_pattern", "Type a pattern, or choose Keep."),
        ({"nickname_how": "SET", "nickname_pattern": "  "}, "nickname_pattern", "Type a pattern, or choose Keep."),
        ({"inbound_how": "SET"}, "inbound_version_id", "Choose an agent, or Keep."),
        ({"outbound_how": "SET", "outbound_version_id": ""}, "outbound_version_id", "Choose an agent, or Keep."),
        (
            {"nickname_how": "SET", "nickname_pattern": "L{x}"},
            "nickname_pattern",
            "“{x}” stands for nothing. There are {n}, {n:03}, {number} and {alias}.",
        ),
        (
            {"nickname_how": "SET", "nickname_pattern": "x" * 235 + "{nickname}{nickname}"},
            "nickname_pattern",
            "The alias of +34 900 209 643 would have more than 255 characters.",
        ),
        (
            {"inbound_how": "EMPTY", "reason": "  "},
            "reason",
            "Say why; the history keeps it.",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_said_at_its_field(
    aurora: Project, typed: dict[str, str], field: str, words: str
) -> None:
    form = sent(aurora, **typed)

    assert not form.is_valid()
    assert form.errors == {field: [words]}


@pytest.mark.parametrize("lane", ["inbound", "outbound"])
def test_versions_of_others_drafts_and_nonsense_are_refused(
    aurora: Project, talleres: Project, sandbox: Sandbox, lane: str
) -> None:
    foreign = list(sandbox.projects["talleres"].agents.values())
    drafts = [
        version
        for agent in sandbox.projects["aurora"].agents.values()
        for version in agent.versions
        if version.is_draft
    ]
    wrong = [foreign[0].versions[0].id, drafts[0].id, uuid.uuid4(), "nonsense"]

    errors: list[Any] = []
    for version in wrong:
        form = sent(aurora, **{f"{lane}_how": "SET", f"{lane}_version_id": str(version)})
        assert not form.is_valid()
        errors.append(form.errors)

    assert errors == [{f"{lane}_version_id": ["This version is not offered in this project."]}] * 4


def test_form_without_its_token_is_too_old(aurora: Project) -> None:
    form = sent(aurora, nickname_how="EMPTY", form_token="")

    assert not form.is_valid()
    assert list(form.errors) == ["form_token"]


@pytest.mark.parametrize("pattern", ["\u200b", "\u2800\u202e", "\n"])
def test_pattern_of_nothing_that_is_seen_is_no_name(aurora: Project, pattern: str) -> None:
    form = sent(aurora, nickname_how="SET", nickname_pattern=pattern)

    assert not form.is_valid()
    assert form.errors == {"nickname_pattern": ["Type a pattern, or choose Keep."]}
