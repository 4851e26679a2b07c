"""Rows 1, 2, 3 and 29: the request does not leave, or must not leave by the wrong door."""

import socket
import time

import pytest

from phones import diga
from phones.diga import Reason
from phones.models import Change, Outcome
from phones.services.projects import clients
from tests.faults.stage import Stage, recorder, row
from tests.support.desk.saving import patches, stored
from tests.support.diga.tls import tls_server
from tests.support.pages.pages import find, open_phone, read, values_of, words


def refusal(stage: Stage) -> Reason:
    """Try to save, and return why nothing was sent."""
    with pytest.raises(diga.DigaUnavailable) as caught:
        stage.rename()
    assert not caught.value.sent
    return caught.value.reason


@row(1)
def diga_down(stage: Stage) -> None:
    """Not sent, soon; what was typed stays; the list goes on from our copy, with its age. See `running_brakes`."""
    form = open_phone(stage.client, stage.phone)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stage.settings.DIGA_API_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
    started_at = time.monotonic()

    answer = form.send(nickname="Typed in vain")

    assert time.monotonic() - started_at < 3.5
    assert answer.status_code == 502
    assert values_of(find(read(answer), "phone-form"))["nickname"] == "Typed in vain"
    page = stage.client.get(stage.list_path)
    assert page.status_code == 200
    assert "Diga has not answered since" in words(read(page))
    assert stage.phone.shown in words(read(page))
    assert refusal(stage) is Reason.REFUSED
    assert not Change.objects.exists()


@row(2)
def name_not_found(stage: Stage) -> None:
    """As if Diga were down: not sent, and nothing in the diary."""
    stage.settings.DIGA_API_URL = "https://diga.invalid"

    assert refusal(stage) is Reason.NAME
    assert not Change.objects.exists()


@row(3)
def false_certificate(stage: Stage) -> None:
    """Self-signed, expired, or another name's: refused, not sent, and no byte of the key leaves."""
    received: list[bytes] = []
    for name, is_trusted, days in (("localhost", False, 1), ("localhost", True, -1), ("other.example", True, 1)):
        with (
            tls_server(stage.tmp_path, name, received, days=days) as (port, path),
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(clients.session(), "verify", str(path) if is_trusted else True)
            stage.settings.DIGA_API_URL = f"https://localhost:{port}"

            assert refusal(stage) is Reason.TLS

    assert received == []


@row(29)
def proxy_and_netrc_in_the_environment(stage: Stage) -> None:
    """Neither is heeded: the key's header arrives as it is, and no proxy sees it."""
    netrc = stage.tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    stage.monkeypatch.setenv("NETRC", str(netrc))
    with recorder() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
            stage.monkeypatch.setenv(name, proxy.url)
        stage.monkeypatch.setenv("NO_PROXY", "")

        change = stage.rename()

        assert proxy.sandbox.journal == []
    assert change.outcome == Outcome.CONFIRMED
    assert patches(stage.sandbox)[-1].key_name == "aurora-full"
    assert stored(stage.phone).nickname == change.after["nickname"]
