"""`sync_phones`: in the foreground, one project or all, with words for what went wrong."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Phone, Project, SyncRun
from phones.services.sync import passes


class Terminal(io.StringIO):
    """An output that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def sync(*arguments: str, out: io.StringIO | None = None) -> tuple[str, str]:
    """Call the command, and return what it said and complained."""
    out, err = out or io.StringIO(), io.StringIO()
    call_command("sync_phones", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_syncs_every_project(aurora: Project, talleres: Project, sandbox: Sandbox) -> None:
    sandbox.projects["aurora"].phone("+34951441246").nickname = "Renamed in Diga"

    said, complaints = sync()

    lines = [line.rpartition(", ")[0] for line in said.splitlines()]
    assert lines == [
        "Aurora: 40 phones, 7 agents, 1 new or changed, 1 changed outside",
        "Talleres: 5 phones, 3 agents, 0 new or changed",
    ]
    assert complaints == ""
    assert Phone.objects.get(number="+34951441246").nickname == "Renamed in Diga"


def test_draws_a_bar_in_a_terminal(aurora: Project) -> None:
    said, _complaints = sync(aurora.slug, out=Terminal())

    assert said.startswith(f"\rAurora: {'█' * 30} 40 of 40")
    assert "\x1b[K\r\x1b[KAurora: 40 phones, 7 agents" in said


def test_names_what_went_wrong_and_goes_on(aurora: Project, talleres: Project, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("status", status=403, path="/v1/phone/"))
    out, err = io.StringIO(), io.StringIO()

    with pytest.raises(CommandError, match=r"Not synced: Aurora\."):
        call_command("sync_phones", stdout=out, stderr=err)

    assert err.getvalue().startswith("Aurora: The API key may not do this")
    assert out.getvalue().startswith("Talleres: 5 phones")
    assert Phone.objects.filter(project=aurora).count() == 40


def test_leaves_a_running_sync_alone(aurora: Project) -> None:
    passes.claim_sync(project=aurora, now=timezone.now())

    with pytest.raises(CommandError, match="Not synced: Aurora"):
        sync(aurora.slug)

    assert SyncRun.objects.filter(project=aurora, state="RUNNING").count() == 1


def test_names_the_known_projects(aurora: Project) -> None:
    with pytest.raises(CommandError, match=r"There is no project 'auroar'\. Known: aurora\."):
        sync("auroar")


def test_wants_a_project(db: None) -> None:
    with pytest.raises(CommandError, match="No project is connected"):
        sync()
