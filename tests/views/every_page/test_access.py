"""Who gets what where: one table of every address, every kind of person, and both methods."""

from collections import Counter

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.models import Project
from tests.support.pages.htmx import outline
from tests.support.pages.pages import Answer, read
from tests.support.pages.places import KINDS, Address, addresses, ask, things_of
from tests.support.sign_in.sessions import let_in

# The status of the answer; `login` is the way to the sign-in page. All but the last two columns are about Aurora,
# to which everybody but the stranger belongs. `talleres` is what members of Aurora get in a project that is not
# theirs, `foreign` what they get for the id of something of Talleres under the address of Aurora.
TABLE = """
address                     method anonymous stranger viewer labeller router lead  admin superuser talleres foreign
account_login               GET    200       302      302    302      302    302   302   302       -        -
account_login               POST   200       302      302    302      302    302   302   302       -        -
account_logout              GET    login     200      200    200      200    200   200   200       -        -
account_logout              POST   login     login    login  login    login  login login login     -        -
account_reauthenticate      GET    login     200      200    200      200    200   200   200       -        -
account_reauthenticate      POST   login     200      200    200      200    200   200   200       -        -
account_change_password     GET    login     200      200    200      200    200   200   200       -        -
account_change_password     POST   login     200      200    200      200    200   200   200       -        -
mfa_index                   GET    login     200      200    200      200    200   200   200       -        -
mfa_index                   POST   login     405      405    405      405    405   405   405       -        -
mfa_authenticate            GET    login     302      302    302      302    302   302   302       -        -
mfa_authenticate            POST   login     302      302    302      302    302   302   302       -        -
mfa_reauthenticate          GET    login     302      302    302      302    302   302   302       -        -
mfa_reauthenticate          POST   login     302      302    302      302    302   302   302       -        -
mfa_activate_totp           GET    login     200      200    200      200    200   200   200       -        -
mfa_activate_totp           POST   login     200      200    200      200    200   200   200       -        -
mfa_deactivate_totp         GET    login     404      404    404      404    404   404   404       -        -
mfa_deactivate_totp         POST   login     404      404    404      404    404   404   404       -        -
mfa_view_recovery_codes     GET    login     404      404    404      404    404   404   404       -        -
mfa_view_recovery_codes     POST   login     405      405    405      405    405   405   405       -        -
mfa_generate_recovery_codes GET    login     200      200    200      200    200   200   200       -        -
mfa_generate_recovery_codes POST   login     200      200    200      200    200   200   200       -        -
mfa_download_recovery_codes GET    login     404      404    404      404    404   404   404       -        -
mfa_download_recovery_codes POST   login     404      404    404      404    404   404   404       -        -
mfa_list_webauthn           GET    login     200      200    200      200    200   200   200       -        -
mfa_list_webauthn           POST   login     405      405    405      405    405   405   405       -        -
mfa_add_webauthn            GET    login     200      200    200      200    200   200   200       -        -
mfa_add_webauthn            POST   login     200      200    200      200    200   200   200       -        -
mfa_reauthenticate_webauthn GET    login     302      302    302      302    302   302   302       -        -
mfa_reauthenticate_webauthn POST   login     302      302    302      302    302   302   302       -        -
mfa_remove_webauthn         GET    login     404      404    404      404    404   404   404       -        -
mfa_remove_webauthn         POST   login     404      404    404      404    404   404   404       -        -
mfa_edit_webauthn           GET    login     404      404    404      404    404   404   404       -        -
mfa_edit_webauthn           POST   login     404      404    404      404    404   404   404       -        -
mfa_login_webauthn          GET    login     302      302    302      302    302   302   302       -        -
mfa_login_webauthn          POST   login     302      302    302      302    302   302   302       -        -
sso_link                    GET    login     404      404    404      404    404   404   404       -        -
sso_link                    POST   login     404      404    404      404    404   404   404       -        -
openid_connect_login        GET    404       404      404    404      404    404   404   404       -        -
openid_connect_login        POST   404       404      404    404      404    404   404   404       -        -
openid_connect_callback     GET    404       404      404    404      404    404   404   404       -        -
openid_connect_callback     POST   405       405      405    405      405    405   405   405       -        -
set_language                GET    302       302      302    302      302    302   302   302       -        -
set_language                POST   302       302      302    302      302    302   302   302       -        -
health                      GET    200       200      200    200      200    200   200   200       -        -
health                      POST   405       405      405    405      405    405   405   405       -        -
home                        GET    login     200      302    302      302    302   302   302       -        -
home                        POST   login     405      405    405      405    405   405   405       -        -
account                     GET    login     200      200    200      200    200   200   200       -        -
account                     POST   login     405      405    405      405    405   405   405       -        -
account_shortcuts           GET    login     405      405    405      405    405   405   405       -        -
account_shortcuts           POST   login     302      302    302      302    302   302   302       -        -
account_sessions            GET    login     405      405    405      405    405   405   405       -        -
account_sessions            POST   login     302      302    302      302    302   302   302       -        -
session_list                GET    login     403      403    403      403    403   403   200       -        -
session_list                POST   login     403      403    403      403    403   403   302       -        -
copy_release                GET    login     403      403    403      403    403   403   200       -        -
copy_release                POST   login     403      403    403      403    403   403   302       -        -
go                          GET    login     404      404    404      404    404   404   404       -        -
go                          POST   login     405      405    405      405    405   405   405       -        -
project_connect             GET    login     403      403    403      403    403   403   200       -        -
project_connect             POST   login     403      403    403      403    403   403   422       -        -
invitation_accept           GET    200       403      403    403      403    403   403   403       -        -
invitation_accept           POST   422       403      403    403      403    403   403   403       -        -
invitation_join             GET    login     405      405    405      405    405   405   405       -        -
invitation_join             POST   login     404      404    404      404    404   404   404       -        -
project_overview            GET    login     404      200    200      200    200   200   200       404      -
project_overview            POST   login     405      405    405      405    405   405   405       405      -
phone_list                  GET    login     404      200    200      200    200   200   200       404      -
phone_list                  POST   login     405      405    405      405    405   405   405       405      -
phone_export_csv            GET    login     404      200    200      200    200   200   200       404      -
phone_export_csv            POST   login     405      405    405      405    405   405   405       405      -
phone_export_xlsx           GET    login     404      200    200      200    200   200   200       404      -
phone_export_xlsx           POST   login     405      405    405      405    405   405   405       405      -
phone_find                  GET    login     404      200    200      200    200   200   200       404      -
phone_find                  POST   login     404      422    422      422    422   422   422       404      -
phone_go                    GET    login     404      404    404      404    404   404   404       404      -
phone_go                    POST   login     405      405    405      405    405   405   405       405      -
palette                     GET    login     404      200    200      200    200   200   200       404      -
palette                     POST   login     404      403    403      403    422   422   422       404      -
view_list                   GET    login     404      200    200      200    200   200   200       404      -
view_list                   POST   login     404      422    422      422    422   422   422       404      -
view_edit                   GET    login     404      403    403      403    200   200   200       404      404
view_edit                   POST   login     404      403    403      403    422   422   422       404      404
phone_edit                  GET    login     404      200    200      200    200   200   200       404      404
phone_edit                  POST   login     404      403    422      422    422   422   422       404      404
phone_guard                 GET    login     404      403    403      200    200   200   200       404      404
phone_guard                 POST   login     405      405    405      405    405   405   405       405      405
phone_reread                GET    login     405      405    405      405    405   405   405       405      405
phone_reread                POST   login     404      302    302      302    302   302   302       404      404
phone_saving                GET    login     404      403    302      302    302   302   302       404      404
phone_saving                POST   login     405      405    405      405    405   405   405       405      405
phone_calls                 GET    login     404      200    200      200    200   200   200       404      404
phone_calls                 POST   login     405      405    405      405    405   405   405       405      405
phone_calls_last            GET    login     404      302    302      302    302   302   302       404      404
phone_calls_last            POST   login     405      405    405      405    405   405   405       405      405
phone_proof                 GET    login     404      302    302      302    302   302   302       404      404
phone_proof                 POST   login     405      405    405      405    405   405   405       405      405
phone_rename                GET    login     404      403    200      200    200   200   200       404      404
phone_rename                POST   login     404      403    422      422    422   422   422       404      404
phone_note                  GET    login     404      403    200      200    200   200   200       404      404
phone_note                  POST   login     404      403    422      422    422   422   422       404      404
tag_choose                  GET    login     404      403    302      302    302   302   302       404      -
tag_choose                  POST   login     404      403    422      422    422   422   422       404      -
phone_tag                   GET    login     404      403    200      200    200   200   200       404      -
phone_tag                   POST   login     404      403    422      422    422   422   422       404      -
phone_undo                  GET    login     405      405    405      405    405   405   405       405      405
phone_undo                  POST   login     404      403    422      422    422   422   422       404      404
agent_list                  GET    login     404      200    200      200    200   200   200       404      -
agent_list                  POST   login     405      405    405      405    405   405   405       405      -
agent_options               GET    login     404      200    200      200    200   200   200       404      -
agent_options               POST   login     405      405    405      405    405   405   405       405      -
agent_versions              GET    login     404      403    403      200    200   200   200       404      -
agent_versions              POST   login     405      405    405      405    405   405   405       405      -
agent_detail                GET    login     404      200    200      200    200   200   200       404      404
agent_detail                POST   login     405      405    405      405    405   405   405       405      405
agent_calls                 GET    login     404      200    200      200    200   200   200       404      404
agent_calls                 POST   login     405      405    405      405    405   405   405       405      405
agent_publish               GET    login     404      403    403      403    200   200   200       404      404
agent_publish               POST   login     404      403    403      403    422   422   422       404      404
agent_upgrade               GET    login     404      403    403      403    302   302   302       404      404
agent_upgrade               POST   login     405      405    405      405    405   405   405       405      405
agent_upgrade_detail        GET    login     404      302    302      302    302   302   302       404      404
agent_upgrade_detail        POST   login     405      405    405      405    405   405   405       405      405
change_list                 GET    login     404      200    200      200    200   200   200       404      -
change_list                 POST   login     405      405    405      405    405   405   405       405      -
first_steps_hide            GET    login     405      405    405      405    405   405   405       405      -
chain_acknowledge           GET    login     405      405    405      405    405   405   405       405      -
first_steps_hide            POST   login     404      302    302      302    302   302   302       404      -
chain_acknowledge           POST   login     404      403    403      403    403   302   302       404      -
change_detail               GET    login     404      200    200      200    200   200   200       404      404
change_detail               POST   login     405      405    405      405    405   405   405       405      405
change_outcome              GET    login     404      302    302      302    302   302   302       404      404
change_outcome              POST   login     405      405    405      405    405   405   405       405      405
past_list                   GET    login     404      200    200      200    200   200   200       404      -
past_list                   POST   login     404      403    403      403    422   422   422       404      -
change_export               GET    login     404      200    200      200    200   200   200       404      -
change_export               POST   login     405      405    405      405    405   405   405       405      -
act_list                    GET    login     404      403    403      403    403   200   200       404      -
act_list                    POST   login     405      405    405      405    405   405   405       405      -
act_export                  GET    login     404      403    403      403    403   200   200       404      -
act_export                  POST   login     405      405    405      405    405   405   405       405      -
change_revert               GET    login     404      403    200      200    200   200   200       404      404
change_revert               POST   login     404      403    422      422    422   422   422       404      404
phone_restore               GET    login     404      403    200      200    200   200   200       404      404
phone_restore               POST   login     404      403    422      422    422   422   422       404      404
plan_list                   GET    login     404      200    200      200    200   200   200       404      -
plan_list                   POST   login     405      405    405      405    405   405   405       405      -
plan_choose                 GET    login     404      403    403      403    302   302   302       404      -
plan_choose                 POST   login     404      403    403      403    422   422   422       404      -
plan_new                    GET    login     404      403    403      403    200   200   200       404      -
plan_new                    POST   login     404      403    403      403    422   422   422       404      -
plan_import                 GET    login     404      403    403      403    200   200   200       404      -
plan_import                 POST   login     404      403    403      403    422   422   422       404      -
plan_detail                 GET    login     404      200    200      200    200   200   200       404      404
plan_detail                 POST   login     405      405    405      405    405   405   405       405      405
plan_progress               GET    login     404      302    302      302    302   302   302       404      404
plan_progress               POST   login     405      405    405      405    405   405   405       405      405
plan_rows                   GET    login     404      302    302      302    302   302   302       404      404
plan_rows                   POST   login     405      405    405      405    405   405   405       405      405
plan_export                 GET    login     404      200    200      200    200   200   200       404      404
plan_export                 POST   login     405      405    405      405    405   405   405       405      405
plan_apply                  GET    login     405      405    405      405    405   405   405       405      405
plan_apply                  POST   login     404      403    403      403    409   409   409       404      404
plan_approve                GET    login     405      405    405      405    405   405   405       405      405
plan_approve                POST   login     404      403    403      403    409   409   409       404      404
plan_return                 GET    login     405      405    405      405    405   405   405       405      405
plan_return                 POST   login     404      403    403      403    409   409   409       404      404
plan_discard                GET    login     405      405    405      405    405   405   405       405      405
plan_discard                POST   login     404      403    403      403    302   302   302       404      404
plan_pause                  GET    login     405      405    405      405    405   405   405       405      405
plan_pause                  POST   login     404      403    403      403    409   409   409       404      404
plan_resume                 GET    login     405      405    405      405    405   405   405       405      405
plan_resume                 POST   login     404      403    403      403    409   409   409       404      404
plan_stop                   GET    login     405      405    405      405    405   405   405       405      405
plan_stop                   POST   login     404      403    403      403    409   409   409       404      404
plan_tick                   GET    login     405      405    405      405    405   405   405       405      405
plan_tick                   POST   login     404      403    403      403    403   403   302       404      404
plan_renew                  GET    login     405      405    405      405    405   405   405       405      405
plan_renew                  POST   login     404      403    403      403    302   302   302       404      404
plan_again                  GET    login     405      405    405      405    405   405   405       405      405
plan_again                  POST   login     404      403    403      403    422   422   422       404      404
plan_set                    GET    login     405      405    405      405    405   405   405       405      405
plan_set                    POST   login     404      403    403      403    302   302   302       404      404
plan_seen                   GET    login     405      405    405      405    405   405   405       405      405
plan_seen                   POST   login     404      302    302      302    302   302   302       404      404
schedule_list               GET    login     404      200    200      200    200   200   200       404      -
schedule_list               POST   login     405      405    405      405    405   405   405       405      -
schedule_cancel             GET    login     405      405    405      405    405   405   405       405      405
schedule_cancel             POST   login     404      403    403      302    302   302   302       404      404
schedule_move               GET    login     405      405    405      405    405   405   405       405      405
schedule_move               POST   login     404      403    403      302    302   302   302       404      404
schedule_hurry              GET    login     405      405    405      405    405   405   405       405      405
schedule_hurry              POST   login     404      403    403      302    302   302   302       404      404
schedule_seen               GET    login     405      405    405      405    405   405   405       405      405
schedule_seen               POST   login     404      403    403      302    302   302   302       404      404
sync_start                  GET    login     405      405    405      405    405   405   405       405      -
sync_start                  POST   login     404      403    302      302    302   302   302       404      -
sync_progress               GET    login     404      200    200      200    200   200   200       404      404
sync_progress               POST   login     405      405    405      405    405   405   405       405      405
project_settings            GET    login     404      403    403      403    403   200   200       404      -
project_settings            POST   login     404      403    403      403    403   422   422       404      -
key_check                   GET    login     405      405    405      405    405   405   405       405      -
key_check                   POST   login     404      403    403      403    403   302   302       404      -
project_disconnect          GET    login     404      403    403      403    403   200   200       404      -
project_disconnect          POST   login     404      403    403      403    403   302   302       404      -
project_alerts              GET    login     404      403    403      403    403   200   200       404      -
project_alerts              POST   login     404      403    403      403    403   422   422       404      -
alerts_test                 GET    login     405      405    405      405    405   405   405       405      -
alerts_test                 POST   login     404      403    403      403    403   409   409       404      -
people_list                 GET    login     404      403    403      403    403   200   200       404      -
people_list                 POST   login     404      403    403      403    403   422   422       404      -
person_edit                 GET    login     404      403    403      403    403   200   200       404      404
person_edit                 POST   login     404      403    403      403    403   422   422       404      404
invitation_edit             GET    login     405      405    405      405    405   405   405       405      405
invitation_edit             POST   login     404      403    403      403    403   200   200       404      404
person_sessions             GET    login     404      403    403      403    403   200   200       404      404
person_sessions             POST   login     404      403    403      403    403   302   302       404      404
"""
# What the weakest and the strongest member get; a role that may not is refused before anything is looked up.
MEMBERS = ("viewer", "admin")
OURS = {
    "home",
    "account",
    "account_shortcuts",
    "account_sessions",
    "session_list",
    "go",
    "project_connect",
    "copy_release",
}
OURS |= {"invitation_accept", "invitation_join"}


def _table() -> dict[tuple[str, str], list[str]]:
    rows = [line.split() for line in TABLE.strip().splitlines()[1:]]
    return {(name, method): cells for name, method, *cells in rows}


def _outcome(response: Answer) -> str:
    if response.status_code == 302 and response["Location"].startswith("/account/login/"):
        return "login"
    return str(response.status_code)


@pytest.fixture
def clients(request: pytest.FixtureRequest, aurora: Project) -> dict[str, Client]:
    """A browser of each kind of person."""
    clients = {kind: Client() for kind in KINDS}
    for kind in KINDS[1:]:
        let_in(clients[kind], request.getfixturevalue(kind))
    return clients


def test_every_address_is_in_the_table() -> None:
    names = {(address.name, method) for address in addresses() for method in ("GET", "POST")}

    assert set(_table()) == names
    assert tuple(TABLE.strip().splitlines()[0].split()[2:-2]) == KINDS
    assert {len(cells) for cells in _table().values()} == {len(KINDS) + 2}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_everybody_gets_what_the_table_says(
    clients: dict[str, Client], superuser: User, aurora: Project, talleres: Project, method: str
) -> None:
    own, foreign = things_of(aurora, superuser), things_of(talleres, superuser)
    mixed = foreign | {"slug": own["slug"]}
    expected = {name: cells for (name, of), cells in _table().items() if of == method}
    got: dict[str, list[str]] = {}

    for address in addresses():
        cells = [_outcome(ask(clients[kind], method, address.url(own))) for kind in KINDS]
        there = _outcomes(clients, method, address.url(foreign)) if "slug" in address.parts else {}
        alien = _outcomes(clients, method, address.url(mixed)) if address.has_object else {}
        assert alien.get("viewer") in {alien.get("admin"), cells[KINDS.index("viewer")]} - {"200", "302"}, address.name
        assert there.get("viewer") == there.get("admin"), address.name
        got[address.name] = [*cells, there.get("admin", "-"), alien.get("admin", "-")]

    assert got == expected


def _outcomes(clients: dict[str, Client], method: str, url: str) -> dict[str, str]:
    return {kind: _outcome(ask(clients[kind], method, url)) for kind in MEMBERS}


def _is_ours(address: Address) -> bool:
    return "slug" in address.parts or address.name in OURS


def test_no_page_has_an_id_twice(clients: dict[str, Client], superuser: User, aurora: Project) -> None:
    own = things_of(aurora, superuser)
    twice = {}

    for address in addresses():
        response = ask(clients["superuser"], "GET", address.url(own))
        if response.status_code == 200 and not response.streaming and b"<html" in response.content:
            counts = Counter(read(response).xpath("//@id[not(ancestor::template)]"))
            twice[address.name] = [name for name, count in counts.items() if count > 1]

    assert len(twice) > 30
    assert {name: ids for name, ids in twice.items() if ids} == {}


def test_other_methods_do_not_exist(clients: dict[str, Client], superuser: User, aurora: Project) -> None:
    own = things_of(aurora, superuser)

    for address in filter(_is_ours, addresses()):
        for method in ("PUT", "PATCH", "DELETE"):
            response = ask(clients["superuser"], method, address.url(own))
            assert (response.status_code, response.headers.get("Allow") is not None) == (405, True), address.name


def test_superuser_gets_in_every_project_what_the_table_says(
    clients: dict[str, Client], superuser: User, aurora: Project, talleres: Project
) -> None:
    foreign = things_of(talleres, superuser)
    column = KINDS.index("superuser")

    for address in filter(_is_ours, addresses()):
        for method in ("GET", "POST"):
            outcome = _outcome(ask(clients["superuser"], method, address.url(foreign)))
            assert outcome == _table()[address.name, method][column], address.name


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_htmx_without_sign_in_is_sent_to_the_sign_in_page(
    clients: dict[str, Client], superuser: User, aurora: Project, method: str
) -> None:
    own = things_of(aurora, superuser)
    closed = [address for address in addresses() if _table()[address.name, method][0] == "login"]

    assert len(closed) > 20
    for address in closed:
        response = ask(clients["anonymous"], method, address.url(own), **{"HX-Request": "true"})
        if address.name in {"account_logout", "mfa_authenticate", "mfa_login_webauthn"}:
            # Open to everybody by allauth, which then redirects by itself; nothing here asks for them through HTMX.
            assert _outcome(response) == "login"
            continue
        assert (response.status_code, response.content) == (200, b""), address.name
        assert response["HX-Redirect"] == "/account/login/?next=/", address.name


def test_stranger_can_not_tell_a_project_from_none(clients: dict[str, Client], aurora: Project) -> None:
    real, unreal = (clients["stranger"].get(f"/projects/{slug}/phones/") for slug in ("aurora", "nowhere"))

    assert (real.status_code, unreal.status_code) == (404, 404)
    assert outline(read(real)) == outline(read(unreal))


def test_account_that_is_switched_off_is_signed_out_at_once(clients: dict[str, Client], admin: User) -> None:
    admin.is_active = False
    admin.save()

    assert _outcome(clients["admin"].get("/projects/aurora/phones/")) == "login"
