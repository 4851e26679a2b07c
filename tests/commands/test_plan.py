"""`manage.py plan`: the preview of an edited export in a terminal, and the plan itself with `--apply`."""

import csv
import io
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from bench.rig.plans import phones_of, states
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Plan, PlanState, Project
from phones.services.exchange.phone_export import csv_lines
from phones.services.finding.phone_list import Criteria
from phones.services.routing.catalogue import catalogue_of
from tests.support.desk.saving import forget_waiting, held, patches

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def export(project: Project, folder: Path, *, renamed: int = 0) -> Path:
    """Write the project's export as a spreadsheet saves it, with new nicknames for the first assigned numbers."""
    lines = csv_lines(project=project, criteria=Criteria(), catalogue=catalogue_of(project), now=timezone.now())
    rows = list(csv.DictReader(io.StringIO("".join(lines).lstrip("\ufeff"), newline="")))
    ids = {str(phone.pk) for phone in phones_of(project, renamed)} if renamed else set()
    for row in rows:
        if row["id"] in ids:
            row["nickname"] = f"Renamed {row['number'][-4:]}"
    file = folder / "phones.csv"
    with file.open("w", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return file


def run(file: Path, *arguments: str) -> str:
    out = io.StringIO()
    call_command("plan", str(file), *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_unedited_export_changes_nothing(aurora: Project, lead: User, sandbox: Sandbox, tmp_path: Path) -> None:
    out = io.StringIO()

    with pytest.raises(SystemExit) as end:
        call_command("plan", str(export(aurora, tmp_path)), stdout=out, stderr=out)

    assert (end.value.code, out.getvalue()) == (0, "The file changes nothing: 0 changes.\n")
    assert Plan.objects.count() == 0


def test_preview_says_what_would_change_and_leaves_nothing_behind(
    aurora: Project, lead: User, sandbox: Sandbox, tmp_path: Path
) -> None:
    said = run(export(aurora, tmp_path, renamed=3))

    assert "Aurora: Will change: 3 = 3\n" in said
    phone = phones_of(aurora, 1)[0]
    assert f"{phone.shown}  “{phone.nickname}” → “Renamed {phone.number[-4:]}”" in said
    assert said.endswith("Nothing was sent. With --apply, exactly this is done.\n")
    assert (Plan.objects.count(), patches(sandbox)) == (0, [])


def test_apply_runs_the_plan_and_says_how_it_ended(
    aurora: Project, lead: User, sandbox: Sandbox, tmp_path: Path
) -> None:
    file = export(aurora, tmp_path, renamed=4)

    said = run(file, "--apply", "--reason", "Autumn hours", "--user", "lead")

    plan = Plan.objects.get()
    assert (plan.state, plan.author, plan.reason, states(plan)) == (
        PlanState.FINISHED,
        lead,
        "Autumn hours",
        {"DONE": 4},
    )
    assert said.endswith(f"Plan {plan.pk}: 4 done\n")
    assert all(held(sandbox, phone).nickname == f"Renamed {phone.number[-4:]}" for phone in phones_of(aurora, 4))
    assert_invariants(sandbox)


def test_rows_that_came_to_nothing_are_named_and_the_exit_code_tells(
    aurora: Project, lead: User, sandbox: Sandbox, tmp_path: Path
) -> None:
    file, phone = export(aurora, tmp_path, renamed=2), phones_of(aurora, 1)[0]
    sandbox.faults.add(Fault("status", method="PATCH", path=f"/v1/phone/{phone.pk}", status=409, when="before"))
    out = io.StringIO()

    with pytest.raises(CommandError, match="Not all of it was done"):
        call_command("plan", str(file), "--apply", "--reason", "Autumn hours", stdout=out, stderr=out)

    assert f"  {phone.shown}: " in out.getvalue()
    assert "1 done, 1 refused" in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--apply",), "A plan needs a reason"),
        (("--apply", "--reason", "Why not", "--user", "viewer"), "viewer may not change many numbers"),
        (("--apply", "--reason", "Why not", "--user", "nobody"), "nobody may not change many numbers"),
        (("--apply", "--reason", "Why not"), "--count 12"),
        (("--project", "elsewhere"), "There is no project 'elsewhere'"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_done(
    aurora: Project, lead: User, viewer: User, sandbox: Sandbox, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    file = export(aurora, tmp_path, renamed=12)

    with pytest.raises(CommandError, match=said):
        run(file, *arguments)

    assert (Plan.objects.count(), patches(sandbox)) == (0, [])


def test_count_lets_many_changes_through(aurora: Project, lead: User, sandbox: Sandbox, tmp_path: Path) -> None:
    run(export(aurora, tmp_path, renamed=12), "--apply", "--reason", "Autumn hours", "--count", "12")

    assert states(Plan.objects.get()) == {"DONE": 12}


def test_second_person_is_waited_for_where_the_project_asks_for_one(
    aurora: Project, lead: User, sandbox: Sandbox, tmp_path: Path
) -> None:
    Project.objects.filter(pk=aurora.pk).update(approved_above=2)

    said = run(export(aurora, tmp_path, renamed=3), "--apply", "--reason", "Autumn hours")

    assert "waits for the yes of a second person" in said
    assert (Plan.objects.get().state, patches(sandbox)) == (PlanState.PROPOSED, [])


def test_person_has_to_be_named_where_several_could_be_meant(
    aurora: Project, lead: User, admin: User, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="--user with one of: admin, lead"):
        run(export(aurora, tmp_path, renamed=1))


def test_file_that_is_none_is_explained(aurora: Project, lead: User, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "gone.csv")
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(CommandError, match="workbook"):
        run(broken)
