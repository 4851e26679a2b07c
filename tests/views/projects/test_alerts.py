"""The page of a project's alerts."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from phones.models import EVENTS, Act, ActKind, Alert, AlertRules, Project
from phones.wording.history.acts import words_for_details
from tests.support.machine.receiver import receiver
from tests.support.pages.pages import find, read, texts, words

SignIn = Callable[[User], Client]
PAGE = "/projects/aurora/settings/alerts/"
URL = "https://hooks.example.com/services/T0/secret-part"
RECIPIENTS = {
    "mails": "ops@example.com\r\nana@example.com ops@example.com",
    "kinds": ["PLAN_ENDED", "KEY_REJECTED"],
    "sync_failing_minutes": "30",
    "language": "es",
}


@pytest.fixture
def client(client_of: SignIn, admin: User) -> Client:
    """A client of Aurora's administrator."""
    return client_of(admin)


def last_act() -> Act:
    return Act.objects.order_by("-pk")[0]


def _details(act: Act) -> str:
    return " · ".join(detail.text for detail in words_for_details(act))


def test_rules_are_kept_and_an_act(client: Client, aurora: Project, admin: User) -> None:
    response = client.post(PAGE, RECIPIENTS, follow=True)

    rules = AlertRules.objects.get(project=aurora)
    assert response.redirect_chain == [(PAGE, 302)]
    assert (rules.mails, rules.kinds) == (["ops@example.com", "ana@example.com"], ["KEY_REJECTED", "PLAN_ENDED"])
    assert (rules.sync_failing_minutes, rules.language) == (30, "es")
    assert find(read(response), "id_mails").text.strip() == "ops@example.com\nana@example.com"
    assert texts(read(response), "//fieldset/label[input/@checked]") == ["Diga rejects the key", "A plan has ended"]
    act = last_act()
    assert (act.kind, act.actor_id) == (ActKind.ALERTS_CHANGED, admin.pk)
    assert _details(act) == (
        "mail addresses: — → ops@example.com, ana@example.com · told of: — → Diga rejects the key, A plan has ended · "
        "minutes until failing syncs are told: 60 → 30 · language of the messages: en → es"
    )


def test_everything_is_ticked_until_somebody_is_told(client: Client) -> None:
    assert len(read(client.get(PAGE)).xpath("//fieldset//input[@checked]")) == len(EVENTS)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"mails": "ops@example.com nobody"}, "“nobody” is no mail address."),
        ({"mails": "ops@example.com,\nBcc:ana@example.com"}, "“ops@example.com,” is no mail address."),
        ({"mails": " ".join(f"a{n}@example.com" for n in range(11))}, "Ten addresses at most."),
        ({"sync_failing_minutes": "0"}, "Ensure this value is greater than or equal to 1."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_kept(client: Client, wrong: dict[str, str], problem: str) -> None:
    response = client.post(PAGE, RECIPIENTS | wrong)

    assert response.status_code == 422
    assert problem in words(find(read(response), "main"))
    assert not AlertRules.objects.exists()


def test_address_of_a_webhook_is_kept_sealed_and_its_secret_shown_once(client: Client, aurora: Project) -> None:
    response = client.post(PAGE, {"url": URL})

    rules = AlertRules.objects.get(project=aurora)
    secret = rules.open_webhook()[1]
    assert find(read(response), "secret").text == secret
    assert rules.open_webhook()[0] == URL
    assert "secret-part" not in rules.sealed_webhook + response.content.decode() + str(last_act().details)
    again = client.get(PAGE).content.decode()
    assert secret not in again
    assert "secret-part" not in again
    assert "hooks.example.com" in again
    assert _details(last_act()) == "webhook: — → hooks.example.com"


def test_another_address_has_another_secret(client: Client) -> None:
    found = {find(read(client.post(PAGE, {"url": URL})), "secret").text for _time in range(2)}

    assert len(found) == 2


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://hooks.example.com/", "The address has to begin with https://."),
        ("https://10.0.0.1/secret-part", "This address is of a private network."),
        ("nonsense secret-part", "This is no address of a webhook."),
    ],
)
def test_address_that_can_not_be_used_is_refused(client: Client, url: str, problem: str) -> None:
    response = client.post(PAGE, {"url": url})

    assert response.status_code == 422
    assert problem in words(find(read(response), "id_url_error"))
    assert not AlertRules.objects.exists()


def test_webhook_is_removed(client: Client, aurora: Project) -> None:
    client.post(PAGE, {"url": URL})

    client.post(PAGE, {"remove": "yes"})

    assert AlertRules.objects.get(project=aurora).channels == []
    assert _details(last_act()) == "webhook: hooks.example.com → —"


def test_test_is_sent_by_each_channel_and_is_an_act(
    client: Client, settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    settings.WEBHOOK_NETWORKS, settings.SENDS_MAIL = ["127.0.0.1/32"], True
    settings.DEFAULT_FROM_EMAIL = "desk@example.com"
    client.post(PAGE, RECIPIENTS | {"language": "en"})
    with receiver() as hook:
        client.post(PAGE, {"url": hook.url})
        with django_capture_on_commit_callbacks(execute=True):
            response = client.post(f"{PAGE}test/")
        page = read(client.get(PAGE))

    assert response.headers["Location"] == PAGE
    assert last_act().kind == ActKind.ALERTS_TESTED
    assert [body["type"] for body in hook.bodies] == ["phone-desk.test"]
    assert [sent.subject for sent in mail.outbox] == ["Aurora: Test"]
    assert [words(line) for line in page.xpath("//section[@aria-labelledby='sent']//li//span")] == ["Sent", "Sent"]


def test_second_test_waits_a_minute(client: Client) -> None:
    client.post(PAGE, RECIPIENTS)
    client.post(f"{PAGE}test/")

    response = client.post(f"{PAGE}test/")

    assert response.status_code == 409
    assert "The last test was less than a minute ago. Nothing was sent." in words(find(read(response), "main"))
    assert Alert.objects.count() == 1


def test_without_a_channel_there_is_nothing_to_test(client: Client) -> None:
    response = client.post(f"{PAGE}test/")

    assert response.status_code == 409
    assert not Alert.objects.exists()


def test_page_says_why_a_message_did_not_arrive(client: Client, settings: Settings) -> None:
    client.post(PAGE, RECIPIENTS)
    client.post(f"{PAGE}test/")
    Alert.objects.update(state="FAILED", cause="mail_refused", try_count=6)

    lines = texts(read(client.get(PAGE)), "//section[@aria-labelledby='sent']//li//div")

    assert lines[0] == "Test Not delivered"
    assert lines[1].endswith("· 6 tries")
    assert lines[2] == "The mail server refused the message."
