"""Sessions of people who have signed in, without the forms of it."""

import time
from types import SimpleNamespace
from typing import Any, cast

from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client


def let_in(client: Client, person: User, method: str = "password", *, minutes_ago: float = 0, **more: Any) -> Client:
    """Sign a person in as if by a password some minutes ago, in a session of its own."""
    client.force_login(person)
    note_proof(client, person, method, minutes_ago=minutes_ago, **more)
    return client


def note_proof(client: Client, person: User, method: str, *, minutes_ago: float = 0, **more: Any) -> None:
    """Note in a client's session that the person proved who they are, as allauth does."""
    session = client.session
    request = cast(HttpRequest, SimpleNamespace(session=session))
    record_authentication(request, person, method, **({"at": time.time() - 60 * minutes_ago} | more))
    session.save()
