"""The fixtures themselves: a fixture that can't fail proves nothing."""

import socket
from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.template import Context, Template
from django.test import Client
from playwright.sync_api import Page

from phones.models import Phone, Project
from tests.fixtures.browser import Complaints
from tests.fixtures.desk import Canary
from tests.fixtures.spanish import Sentence


def test_network_is_off_for_other_machines(far_connections: list[object]) -> None:
    with socket.socket() as sock, pytest.raises(ConnectionRefusedError, match="network is off"):
        sock.connect(("192.0.2.1", 80))
    with pytest.raises(socket.gaierror, match="not looked up"):
        socket.create_connection(("api.example.com", 443))

    assert far_connections == [("192.0.2.1", 80)]
    far_connections.clear()


def test_aurora_is_synced_with_phones_of_every_kind(aurora: Project) -> None:
    statuses = set(Phone.objects.filter(project=aurora).values_list("status", flat=True))

    assert aurora.phone_count == 40
    assert aurora.agent_count == 7
    assert statuses == {"assigned", "pending_verification", "reserved", "released", "finished"}


@pytest.mark.parametrize("disguise", [str, quote, lambda text: text.encode().hex(), lambda text: text[5:20]])
def test_canary_is_found_in_disguise(canary: Canary, disguise: Callable[[str], str]) -> None:
    found = canary.found_in(f"before {disguise(canary.token)} after")

    assert found != []
    assert canary.found_in("canary, dWm2RtY") == []


def test_unknown_template_variable_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="Undefined template variable 'nobody'"):
        Template("{{ nobody }}").render(Context())

    assert Template("{{ nobody|default:'-' }}{% if nobody %}x{% endif %}").render(Context()) == "-"


def test_client_of_signs_in(client_of: Callable[[User], Client], stranger: User) -> None:
    answer = client_of(stranger).get("/health/")

    assert answer.wsgi_request.user == stranger


@pytest.mark.browser
def test_page_of_is_signed_in_and_watched(
    page_of: Callable[[User], Page], superuser: User, complaints: Complaints
) -> None:
    page = page_of(superuser)

    page.goto("/health/")
    page.evaluate("""async () => {
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.head.append(script);
        await fetch('/static/absent.js');
        await fetch('/nowhere/');
    }""")
    page.wait_for_timeout(100)
    complaints.expect(404)

    heard, complaints.texts = complaints.unexpected, []
    assert page.evaluate("window.ran") is None
    assert len(heard) == 2
    assert any("Content Security Policy" in text for text in heard)
    assert any("/static/absent.js" in text for text in heard)


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("Save", "Guardar\nSave", "Save"),
        ("Save", "Saved", None),
        ("%(count)s numbers of {total}, read <b>now</b>", "¡9 numbers of 40, read now!", "¡9 numbers of 40, read now"),
        ("Read {when} by %(who)s", "Read by Lola", None),
        ("Read {when} by %(who)s", "Read\nyesterday by Lola", None),
        ("{name}: nothing", "Diga: nothing at all", "Diga: nothing"),
    ],
)
def test_english_sentence_is_found_whatever_stands_in_it(source: str, text: str, found: str | None) -> None:
    assert Sentence(source).found_in(text) == found
