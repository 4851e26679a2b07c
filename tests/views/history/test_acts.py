"""The page of acts: who sees which, how they are told apart, filters, pages, and the file."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from phones.models import Act, ActKind, Membership, Project, Role
from phones.services.audit.acts import client_address, record_act
from tests.fixtures.desk import CANARY, make_user
from tests.support.database.tampering import forget_chain
from tests.support.pages.pages import find, read, words

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
ACTS = "/projects/aurora/changes/acts/"


@pytest.fixture
def client(client_of: ClientOf, admin: User) -> Client:
    """The browser of an administrator. Nothing is written down yet."""
    forget_chain()
    return client_of(admin)


def act(project: Project | None, kind: ActKind, actor: User | None = None, **more: object) -> Act:
    values: dict[str, object] = {"at": timezone.now()} | more
    return record_act(kind=kind, project=project, actor=actor, **values)  # type: ignore[arg-type]


def rows(client: Client, query: str = "") -> list[list[str]]:
    """Return the cells of the rows but for the last, which has the time."""
    page = read(client.get(ACTS + query))
    return [[words(cell) for cell in row.xpath("./th | ./td")][:-1] for row in page.xpath("//tbody/tr")]


def test_act_is_told_in_words_with_both_people(client: Client, admin: User, viewer: User, aurora: Project) -> None:
    act(aurora, ActKind.ROLE_CHANGED, admin, subject=viewer, details={"before": "VIEWER", "after": "LEAD"})
    act(aurora, ActKind.EXPORTED, viewer, details={"what": "changes", "filter": "q=1", "rows": 1, "file": "x.csv"})
    rules = {"before": {"typed_above": 10, "approved_above": 5}, "after": {"typed_above": None, "approved_above": 5}}
    act(aurora, ActKind.PLAN_RULES_CHANGED, admin, details=rules)
    act(aurora, ActKind.VERIFIED, details={"changes": 1, "acts": 1, "seals": 4, "faults": 2})

    assert rows(client) == [
        ["History verified", "—", "—", "2 faults"],
        ["Plan rules changed", "Admin Ruiz (admin)", "—", "type the count above: 10 → never"],
        ["Exported", "Viewer Ruiz (viewer)", "—", "changes · 1 row · q=1"],
        ["Role changed", "Admin Ruiz (admin)", "Viewer Ruiz (viewer)", "Viewer → Lead"],
    ]


def test_moment_of_an_act_is_short_with_the_exact_time_as_title(client: Client, admin: User, aurora: Project) -> None:
    with timezone.override("Europe/Madrid"):
        act(aurora, ActKind.MEMBER_INVITED, admin, details={"role": "LEAD", "expires_at": "2025-10-09T08:40:07+00:00"})

        page = read(client.get(ACTS))

    (moment,) = page.xpath("//tbody//td//span[@title]")
    assert (words(moment), moment.get("title")) == ("until 9 Oct 2025", "2025-10-09 10:40:07 CEST")
    assert words(moment.getparent()) == "Lead · until 9 Oct 2025"


def test_two_of_one_name_are_told_apart(client: Client, aurora: Project) -> None:
    for username in ("ana.r", "ana.ruiz"):
        person = make_user(username)
        person.first_name, person.last_name = "Ana", "Ruiz"
        person.save()
        Membership.objects.create(project=aurora, user=person, role=Role.ROUTER)
        act(None, ActKind.SIGNED_IN, person)

    assert [row[1] for row in rows(client)] == ["Ana Ruiz (ana.ruiz)", "Ana Ruiz (ana.r)"]
    page = read(client.get(ACTS))
    choices = [words(option) for option in page.xpath("//select[@name='person']/option")]
    assert {"Ana Ruiz (ana.r)", "Ana Ruiz (ana.ruiz)"} <= set(choices)
    changes = read(client.get("/projects/aurora/changes/"))
    assert words(find(changes, "main")).count("Ana Ruiz") == 0


def test_only_acts_of_the_project_and_of_its_members_are_shown(
    client: Client,
    client_of: ClientOf,
    aurora: Project,
    talleres: Project,
    viewer: User,
    stranger: User,
    superuser: User,
) -> None:
    act(talleres, ActKind.KEY_CHECKED)
    act(None, ActKind.SIGNED_IN, viewer)
    act(None, ActKind.SIGN_IN_FAILED, subject=viewer)
    act(None, ActKind.SIGNED_IN, stranger)
    act(None, ActKind.SIGN_IN_FAILED)

    assert [row[:3] for row in rows(client)] == [
        ["Sign-in failed", "—", "Viewer Ruiz (viewer)"],
        ["Signed in", "Viewer Ruiz (viewer)", "—"],
    ]
    kinds = [row[0] for row in rows(client_of(superuser))]
    assert kinds == ["Sign-in failed", "Signed in", "Sign-in failed", "Signed in"]


def test_who_is_not_of_the_project_has_no_name_and_no_address(
    client: Client, client_of: ClientOf, aurora: Project, viewer: User, stranger: User, superuser: User
) -> None:
    act(None, ActKind.SESSION_ENDED, superuser, subject=viewer, details={"count": 1})
    act(None, ActKind.SESSION_ENDED, viewer, subject=stranger, details={"count": 1})
    token = client_address.set("203.0.113.9")
    act(None, ActKind.SESSION_ENDED, superuser, subject=viewer, details={"count": 1})
    client_address.reset(token)

    page = client.get(ACTS).content.decode() + client.get(f"{ACTS}export/").getvalue().decode()
    assert [hidden for hidden in ("203.0.113.9", "uperuser", "tranger") if hidden in page] == []
    assert [row[1:3] for row in rows(client)][1:] == [
        ["not of this project", "Viewer Ruiz (viewer)"],
        ["Viewer Ruiz (viewer)", "not of this project"],
        ["not of this project", "Viewer Ruiz (viewer)"],
    ]
    assert [rows(client, f"?person={each.pk}") for each in (superuser, stranger)] == [[], []]
    assert [row[1] for row in rows(client_of(superuser), f"?person={superuser.pk}")] == [
        "Superuser Ruiz (superuser)"
    ] * 2
    assert "203.0.113.9" in client_of(superuser).get(ACTS).content.decode()


def test_acts_are_filtered_by_kind_person_and_day(client: Client, aurora: Project, admin: User, viewer: User) -> None:
    now = timezone.now()
    act(aurora, ActKind.KEY_CHECKED, admin, at=now - timedelta(days=3))
    act(aurora, ActKind.ROLE_CHANGED, admin, subject=viewer)
    act(None, ActKind.SIGNED_IN, viewer)
    day = timezone.localdate(now)

    assert [row[0] for row in rows(client, "?kind=KEY_CHECKED")] == ["Key checked"]
    assert [row[0] for row in rows(client, f"?person={viewer.pk}")] == ["Signed in", "Role changed"]
    assert [row[0] for row in rows(client, f"?from={day}")] == ["Signed in", "Role changed"]
    assert [row[0] for row in rows(client, f"?to={day - timedelta(days=1)}")] == ["Key checked"]
    assert [row[0] for row in rows(client, "?kind=x&person=x&from=x&to=x")] == [
        "Signed in",
        "Role changed",
        "Key checked",
    ]
    chips = read(client.get(f"{ACTS}?kind=KEY_CHECKED&from={day}")).xpath("//*[contains(@class, 'chip cond')]")
    assert [words(chip).split(":")[0] for chip in chips][:1] == ["Act"]
    assert "No act matches" in words(find(read(client.get(f"{ACTS}?kind=KEY_REPLACED")), "act-table"))


def test_pages_lead_back_and_forth(client: Client, aurora: Project, admin: User) -> None:
    for number in range(120):
        act(aurora, ActKind.KEY_CHECKED, admin, details={"plan": number})
    seen: list[str] = []
    url = ACTS

    while url:
        page = read(client.get(url))
        seen += [words(row.xpath("./td")[2]) for row in page.xpath("//tbody/tr")]
        url = next(iter(page.xpath("//a[@rel='next']/@href")), "")

    assert seen == [f"plan {number}" for number in range(119, -1, -1)]
    newer = page.xpath("//a[@rel='prev']/@href")[0]
    assert words(read(client.get(newer)).xpath("//tbody/tr")[0].xpath("./td")[2]) == "plan 69"


def test_number_of_queries_does_not_grow(
    client: Client, aurora: Project, admin: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(30):
        act(aurora, ActKind.KEY_CHECKED, admin)
    client.get(ACTS)

    with django_assert_max_num_queries(9):
        client.get(ACTS)


def test_fragment_is_what_a_reload_shows(client: Client, aurora: Project, admin: User) -> None:
    act(aurora, ActKind.KEY_CHECKED, admin)
    url = f"{ACTS}?kind=KEY_CHECKED"

    response = client.get(url, headers={"HX-Request": "true", "HX-Target": "act-table"})

    assert response["HX-Push-Url"] == url
    assert words(read(response)) == words(find(read(client.get(url)), "act-table"))


def test_tabs_are_for_administrators(client: Client, client_of: ClientOf, viewer: User) -> None:
    def tabs(browser: Client) -> list[str]:
        page = read(browser.get("/projects/aurora/changes/"))
        return [words(link) for link in page.xpath("//nav[@aria-label='History']/a")]

    assert tabs(client) == ["Changes", "Acts"]
    assert tabs(client_of(viewer)) == []


@pytest.mark.parametrize(
    ("faults", "told"),
    [(0, "7 entries, sealed up to 9, are as they were written."), (3, "3 faults were found; the history was altered.")],
)
@pytest.mark.parametrize("page", ["", "acts/"])
def test_pages_say_when_the_history_was_verified(
    client: Client, aurora: Project, page: str, faults: int, told: str
) -> None:
    act(aurora, ActKind.VERIFIED, details={"changes": 4, "acts": 3, "seals": 9, "faults": faults})

    assert told in words(find(read(client.get(f"/projects/aurora/changes/{page}")), "main"))


def test_file_has_usernames_guards_formulas_and_is_an_act_itself(
    client: Client, aurora: Project, admin: User, viewer: User
) -> None:
    viewer.first_name, viewer.last_name = "=HYPERLINK(1)", ""
    viewer.save()
    act(aurora, ActKind.ROLE_CHANGED, admin, subject=viewer, details={"before": "VIEWER", "after": "LEAD"})

    text = client.get(f"{ACTS}export/?kind=ROLE_CHANGED").getvalue().decode("utf-8-sig")

    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["kind"], row["person"], row["username"]) == ("ROLE_CHANGED", "Admin Ruiz", "admin")
    assert (row["to_person"], row["to_username"]) == ("'=HYPERLINK(1)", "viewer")
    assert row["details"] == '{"after": "LEAD", "before": "VIEWER"}'
    done = Act.objects.get(kind="EXPORTED")
    assert (done.actor, done.details["what"], done.details["rows"], done.details["filter"]) == (
        admin,
        "acts",
        1,
        "kind=ROLE_CHANGED",
    )


def test_spanish(client: Client, aurora: Project, admin: User) -> None:
    act(aurora, ActKind.KEY_CHECKED, admin, details={"result": "ACCEPTED"})
    client.cookies["language"] = "es"

    page = read(client.get(ACTS))

    assert words(page.xpath("//h1")[0]) == "Actos"
    assert words(page.xpath("//tbody/tr")[0]).startswith("Clave comprobada Admin Ruiz (admin)")


def test_no_key_is_shown(client: Client, aurora: Project, admin: User) -> None:
    act(aurora, ActKind.EXPORTED, admin, details={"what": "phones", "filter": f"q={CANARY}", "rows": 0})

    assert CANARY not in client.get(ACTS).content.decode()
    assert CANARY not in client.get(f"{ACTS}export/").getvalue().decode()
