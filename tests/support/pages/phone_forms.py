"""The forms of a phone without a page: agents, phones, and what a browser sends."""

import uuid
from typing import Any

from django import forms
from django.http import QueryDict

from phones.forms.phones import ConflictForm, NicknameForm, PhoneForm
from phones.models import Phone, Project
from phones.services.nicknames import one_line
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.lanes import Target


def make_agent(number: int, name: str, published: int | None, *, is_listed: bool = True) -> AgentEntry:
    """Make an agent with v1, v2 and the draft v3."""

    def version(each: int) -> VersionEntry:
        pk = uuid.UUID(int=100 * number + each)
        return VersionEntry(pk, each, "Summer" if each == 2 else "", each == published, each == 3)

    return AgentEntry(uuid.UUID(int=number), name, is_listed, tuple(version(each) for each in (3, 2, 1)))


def catalogue_with(published: int | None = 1) -> Catalogue:
    """Return Alicia with one of her versions published, Bruno with v1, Carla with none, and Gone."""
    return Catalogue.of(
        [
            make_agent(1, "Alicia", published),
            make_agent(2, "Bruno", 1),
            make_agent(3, "Carla", None),
            make_agent(4, "Gone", 1, is_listed=False),
        ]
    )


CATALOGUE = catalogue_with()


def version_id(agent: int, number: int) -> str:
    return str(uuid.UUID(int=100 * agent + number))


def target(agent: int, number: int, catalogue: Catalogue = CATALOGUE) -> Target:
    found = catalogue.version(uuid.UUID(version_id(agent, number)))
    assert found is not None
    return Target(*found)


def make_phone(nickname: str | None = "Ventas", inbound: int | None = 1, outbound: int | None = 2) -> Phone:
    return Phone(
        id=uuid.UUID(int=7),
        project=Project(name="North"),
        nickname=nickname,
        inbound_agent_id=uuid.UUID(int=inbound) if inbound else None,
        outbound_agent_id=uuid.UUID(int=outbound) if outbound else None,
    )


def as_sent(form: NicknameForm) -> dict[str, str]:
    """Return what a browser sends of a form that nobody has touched: text inputs have no line breaks."""
    fields = {name: form[name].value() for name in form.fields if not isinstance(form[name].field, forms.BooleanField)}
    values = {name: "" if value is None else str(value) for name, value in fields.items()}
    return values | {"nickname": one_line(values["nickname"]), "form_token": str(uuid.UUID(int=9))}


def field(name: str, value: str) -> dict[str, Any]:
    """Return one field with the value sent for it, under a name that is not written out."""
    return {name: value}


def posted(values: dict[str, str]) -> QueryDict:
    query = QueryDict(mutable=True)
    query.update(values)
    return query


def filled(
    phone: Phone,
    *,
    catalogue: Catalogue = CATALOGUE,
    catalogue_then: Catalogue | None = None,
    phone_then: Phone | None = None,
    can_route: bool = True,
    **changes: str,
) -> PhoneForm:
    """Return the form as sent: opened earlier (on `phone_then` and `catalogue_then`), then changed."""
    shown = PhoneForm(phone=phone_then or phone, catalogue=catalogue_then or catalogue, can_route=can_route)
    values = as_sent(shown) | changes
    return PhoneForm(posted(values), phone=phone, catalogue=catalogue, can_route=can_route)


def edit_of(form: PhoneForm) -> PhoneEdit:
    assert form.is_valid(), form.errors
    return form.edit()


def errors_of(form: NicknameForm | ConflictForm) -> dict[str, list[str]]:
    assert not form.is_valid()
    return {name: [str(text) for text in texts] for name, texts in form.errors.items()}
