"""The forms that change a phone: what the person changed, against what they saw, and nothing else."""

import uuid
from typing import Any

import pytest
from django import forms
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from phones.forms.opened import Opened
from phones.forms.phones import NicknameForm, PhoneForm
from phones.forms.reasons import REASON_LIMIT, TICKET_LIMIT
from phones.services.routing.edits import NICKNAME_LIMIT, PhoneEdit, PhoneSnapshot
from tests.support.pages.phone_forms import (
    CATALOGUE,
    as_sent,
    edit_of,
    errors_of,
    field,
    filled,
    make_phone,
    posted,
    target,
    version_id,
)

FIXED = [
    "id",
    "status",
    "number",
    "telephony_provider",
    "project",
    "note",
    "missing_since",
    "fetched_at",
    "inbound_agent_id",
    "outbound_agent_id",
    "region_codes",
    "released_at",
]


# What a browser may send back.

BREAKS = st.text(st.sampled_from("a \t\r\n\u2028\u0085\xa0\u200b\x0b"), max_size=12)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(nickname=st.none() | st.text() | BREAKS)
@example(nickname="  blanks around  ")
@example(nickname="two\r\nlines")
@example(nickname="\n")
@example(nickname="<script>alert(1)</script>")
@example(nickname="half \ud83d")
@example(nickname="x" * (NICKNAME_LIMIT + 1))
def test_form_that_nobody_touched_wants_nothing(nickname: str | None) -> None:
    # Storing has taken out what PostgreSQL can't keep.
    phone = make_phone(None if nickname is None else nickname.replace("\x00", ""))

    sent = posted(as_sent(NicknameForm(phone=phone, catalogue=CATALOGUE)))
    rename = NicknameForm(sent, phone=phone, catalogue=CATALOGUE)

    assert edit_of(filled(phone)).is_empty
    assert rename.is_valid(), rename.errors
    assert rename.edit().is_empty


@given(
    nickname=st.none() | st.text(),
    inbound=st.none() | st.uuids(),
    outbound=st.none() | st.uuids(),
    kept=st.tuples(st.text(), st.text()),
)
@example(nickname='"\\\n\r\u2028</script>😀\ud83d:.', inbound=None, outbound=None, kept=("", ""))
def test_what_was_seen_survives_the_hidden_field(
    nickname: str | None, inbound: uuid.UUID | None, outbound: uuid.UUID | None, kept: tuple[str, str]
) -> None:
    opened = Opened(PhoneSnapshot(nickname, inbound, outbound), {"inbound": kept[0], "outbound": kept[1]})

    packed = opened.packed(uuid.UUID(int=7))

    assert Opened.unpacked(uuid.UUID(int=7), packed) == opened
    assert packed.isascii()
    assert not any(letter.isspace() for letter in packed)
    with pytest.raises(forms.ValidationError):
        Opened.unpacked(uuid.UUID(int=8), packed)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packed: "",
        lambda packed: packed[1:],
        lambda packed: packed[:-1] + ("a" if packed[-1] != "a" else "b"),
        lambda packed: packed.replace(":", ""),
        lambda packed: "ñ:a:b",
        lambda packed: Opened.of(make_phone("Forged"), CATALOGUE).packed(uuid.UUID(int=8)),
    ],
    ids=["none", "cut", "signature", "no parts", "accents", "of another phone"],
)
def test_altered_form_is_too_old(spoil: Any) -> None:
    phone = make_phone()
    packed = Opened.of(phone, CATALOGUE).packed(phone.pk)

    errors = errors_of(filled(phone, opened=spoil(packed), nickname="Other"))

    assert errors == {"opened": ["This form is too old. Open the number again; nothing was sent."]}


@pytest.mark.parametrize("token", ["", "not a token"])
def test_form_without_its_token_is_too_old(token: str) -> None:
    errors = errors_of(filled(make_phone(), form_token=token))

    assert errors == {"form_token": ["This form is too old. Open the number again; nothing was sent."]}


# Nickname.


def test_changed_nickname_is_wanted_alone_and_without_blanks_around() -> None:
    form = filled(make_phone(), nickname="  Ventas Málaga ")

    assert edit_of(form) == PhoneEdit(nickname="Ventas Málaga")
    assert form.base() == PhoneSnapshot("Ventas", uuid.UUID(int=1), uuid.UUID(int=2))


def test_emptied_nickname_is_wanted_empty() -> None:
    assert edit_of(filled(make_phone(), nickname="")) == PhoneEdit(nickname="")


def test_nickname_that_was_not_sent_is_left_alone() -> None:
    phone = make_phone()
    values = as_sent(PhoneForm(phone=phone, catalogue=CATALOGUE, can_route=True))
    del values["nickname"]

    form = PhoneForm(posted(values), phone=phone, catalogue=CATALOGUE, can_route=True)

    assert edit_of(form).is_empty


def test_nickname_is_kept_on_one_line_of_what_is_seen() -> None:
    assert edit_of(filled(make_phone(), nickname="Sala\r\nnorte\n 2\u200b")) == PhoneEdit(nickname="Sala norte 2")
    assert edit_of(filled(make_phone(), nickname="\u2800\u202e")) == PhoneEdit(nickname="")


@pytest.mark.parametrize("extra", [0, 1])
def test_too_long_a_nickname_is_refused_at_its_field(extra: int) -> None:
    form = filled(make_phone(), nickname="ñ" * (NICKNAME_LIMIT + extra))

    assert form.is_valid() is (extra == 0)
    assert list(form.errors) == (["nickname"] if extra else [])
    assert form["nickname"].value() == "ñ" * (NICKNAME_LIMIT + extra)


def test_too_long_a_nickname_of_digas_own_stays_when_the_agent_is_changed() -> None:
    form = filled(make_phone("x" * 300), inbound_version_id=version_id(3, 1))

    assert edit_of(form) == PhoneEdit(inbound=target(3, 1))


def test_nul_in_a_nickname_is_refused() -> None:
    assert list(errors_of(filled(make_phone(), nickname="a\x00b"))) == ["nickname"]


@pytest.mark.parametrize("name", FIXED)
def test_field_that_nobody_changes_here_is_refused(name: str) -> None:
    expected = {"__all__": [f"“{name}” can’t be changed here. Nothing was sent."]}

    assert errors_of(filled(make_phone(), **field(name, "assigned"))) == expected
    values = as_sent(NicknameForm(phone=make_phone(), catalogue=CATALOGUE)) | {name: ""}
    assert errors_of(NicknameForm(posted(values), phone=make_phone(), catalogue=CATALOGUE)) == expected


@pytest.mark.parametrize(("name", "limit"), [("reason", REASON_LIMIT), ("ticket", TICKET_LIMIT)])
def test_reason_and_ticket_have_limits(name: str, limit: int) -> None:
    assert filled(make_phone(), **field(name, "x" * limit)).is_valid()
    assert list(errors_of(filled(make_phone(), **field(name, "x" * (limit + 1))))) == [name]
