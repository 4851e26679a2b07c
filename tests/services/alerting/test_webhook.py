"""A webhook: signed, sent to nobody in the server's own network, and what becomes of it if the receiver misbehaves."""

import base64
import hashlib
import hmac
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import Settings

from phones.services.alerting import webhook
from phones.services.alerting.webhook import NotDelivered, UnusableURL, check_url, may_reach
from tests.support.machine.receiver import Receiver, receiver, status

SECRET = "whsec_" + base64.b64encode(b"a key of the tests, no more").decode()
AT = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)


@pytest.fixture
def hook(settings: Settings) -> Iterator[Receiver]:
    """A receiver on this machine, which the settings allow."""
    settings.WEBHOOK_NETWORKS = ["127.0.0.1/32"]
    with receiver() as found:
        yield found


def post(url: str) -> None:
    webhook.post(url, SECRET, message_id="one", at=AT, payload={"type": "phone-desk.test", "text": "Señal"})


def cause_of(url: str) -> tuple[str, int | None]:
    with pytest.raises(NotDelivered) as caught:
        post(url)
    assert url not in repr(caught.value.__context__)
    return caught.value.cause, caught.value.status


def test_message_is_signed_as_receivers_check_it(hook: Receiver) -> None:
    post(hook.url)

    ((line, headers, body),) = hook.requests
    signed = f"one.{int(AT.timestamp())}.".encode() + body
    mac = hmac.new(base64.b64decode(SECRET[6:]), signed, hashlib.sha256).digest()
    assert line == "POST /hook HTTP/1.1"
    assert headers["webhook-id"] == "one"
    assert headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
    assert hook.bodies == [{"type": "phone-desk.test", "text": "Señal"}]
    assert {"authorization", "cookie"} & set(headers) == set()


def test_signature_is_that_of_the_specification() -> None:
    # The example of https://www.standardwebhooks.com.
    headers = webhook.signature_of(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (status(500), ("http_status", 500)),
        (status(403), ("http_status", 403)),
        (status(410), ("gone", 410)),
        (status(302, "Location: http://127.0.0.1:9/elsewhere"), ("redirect", 302)),
        (b"", ("disconnected", None)),
        (b"nonsense\r\n\r\n", ("disconnected", None)),
    ],
)
def test_receiver_that_does_not_take_it(hook: Receiver, answer: bytes, cause: tuple[str, int | None]) -> None:
    hook.answers.append(answer)

    assert cause_of(hook.url) == cause
    assert len(hook.requests) == 1


def test_slow_receiver_is_given_up(hook: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "DEADLINE_SECONDS", 0.2)
    hook.answers.append(b"...")

    assert cause_of(hook.url)[0] in {"deadline", "timeout"}


def test_receiver_that_is_not_there(settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = ["127.0.0.1/32"]

    assert cause_of("http://127.0.0.1:9/") == ("refused", None)


def test_name_that_is_not_found() -> None:
    assert cause_of("https://hooks.example.invalid/") == ("name", None)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:db8::1", "::127.0.0.1",
    ],
)  # fmt: skip
def test_private_addresses_are_not_reached(address: str) -> None:
    assert not may_reach(address, is_plain=False)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_addresses_are_reached_over_https_only(address: str) -> None:
    assert may_reach(address, is_plain=False)
    assert not may_reach(address, is_plain=True)


def test_networks_of_the_settings_are_reached(settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = ["10.1.2.0/24"]

    assert [may_reach(address, is_plain=True) for address in ("10.1.2.3", "::ffff:10.1.2.3", "10.1.3.3")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("resolved", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::1", "93.184.216.34"]])
def test_name_of_a_private_address_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, resolved: list[str], far_connections: list[object]
) -> None:
    with receiver() as found:
        port = int(found.url.split(":")[2].split("/")[0])
        resolve_to(monkeypatch, [resolved], port)

        assert cause_of(f"https://hooks.example.com:{port}/") == ("address_refused", None)

    assert found.requests == []
    assert far_connections == []


def test_name_that_changes_its_address_meanwhile_is_looked_up_once(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, hook: Receiver
) -> None:
    port = int(hook.url.split(":")[2].split("/")[0])
    asked = resolve_to(monkeypatch, [["127.0.0.1"], ["127.0.0.2"]], port)

    post(f"http://hooks.example.com:{port}/hook")

    assert asked == ["hooks.example.com"]
    assert [headers["host"] for _line, headers, _body in hook.requests] == [f"hooks.example.com:{port}"]


def resolve_to(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]], port: int) -> list[str]:
    """Let each look-up of a name give the next of these answers; list the names. Addresses stay what they are."""
    asked: list[str] = []

    def getaddrinfo(host: str, *_args: Any, **_kwargs: Any) -> list[Any]:
        if host[0].isdigit() or ":" in host:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return [(family, socket.SOCK_STREAM, 6, "", (host, port))]
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "malformed"),
        ("hooks.example.com", "malformed"),
        ("https://", "malformed"),
        ("https://user:word@hooks.example.com/", "malformed"),
        ("https://hooks.example.com/#part", "malformed"),
        ("https://hooks.example.com:port/", "malformed"),
        ("https://hooks..example.com/", "malformed"),
        ("https://" + "a" * 64 + ".example.com/", "malformed"),
        ("https://hooks.example.com/a b", "malformed"),
        ("https://hooks.example.com/\r\nHost: x", "malformed"),
        ("https://hooks.example.com/" + "a" * 500, "malformed"),
        ("http://hooks.example.com/", "not_https"),
        ("file:///etc/passwd", "malformed"),
        ("gopher://hooks.example.com/", "not_https"),
        ("https://127.0.0.1/", "private"),
        ("https://[::ffff:169.254.169.254]/latest/", "private"),
    ],
)
def test_addresses_that_can_not_be_a_webhook(url: str, code: str) -> None:
    with pytest.raises(UnusableURL) as caught:
        check_url(url)

    assert caught.value.code == code


def test_odd_spellings_of_loopback_are_refused_when_sent() -> None:
    assert {cause_of(f"https://{host}/")[0] for host in ("2130706433", "0x7f.1", "127.1", "localhost")} <= {
        "address_refused",
        "name",
    }
    assert cause_of("https://localhost/")[0] == "address_refused"
