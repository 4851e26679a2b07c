"""Settings: a wrong value stops the start and names its variable; secrets are made once, for the owner alone."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dashboard import keys
from phones.models import Role
from tests.support.machine.settings import KEYS, ROOT, SHOW, load, start


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_URL", "http://desk.example.com"),
        ("SITE_URL", "desk.example.com"),
        ("SITE_URL", "http://127.0.0.1:8000/desk"),
        ("SCRIPT_NAME", "/desk"),
        ("METRICS_TOKEN", "short"),
        ("DIGA_API_URL", "http://api.diga.example"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "django-insecure-a-long-text-from-an-example"),
        ("TOKEN_KEYS", "not-a-key"),
        ("ALLOWED_HOSTS", "desk.example.com,*"),
        ("DIGA_REQUESTS_PER_SECOND", "0"),
        ("DIGA_REQUESTS_PER_SECOND", "ten"),
        ("SYNC_WALKERS", "0"),
        ("SYNC_WALKERS", "33"),
        ("DATABASE_URL", "nonsense"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("TIME_ZONE", "Mars/PhoneSnapshot"),
        ("DATA_DIR", "/proc/nowhere"),
        ("FORWARDED_ALLOW_IPS", "proxy.example.com"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.0/99"),
        ("WORKER_THREADS", "many"),
        ("WEB_THREADS", "3"),
        ("SESSION_IDLE_MINUTES", "4"),
        ("SYNC_RUNS_DAYS", "0"),
        ("INVITATIONS_DAYS", "29"),
        ("ALERTS_DAYS", "0"),
        ("WEBHOOK_NETWORKS", "10.0.0.0/99"),
        ("MAIL_URL", "mail.example.com"),
        ("MAIL_URL", "smtp+plain://mail.example.com"),
        ("LOG_LEVEL", "LOUD"),
        ("DEBUG", "perhaps"),
        ("REQUIRE_2FA_ROLES", "ADMIN,CHIEF"),
        ("REQUIRE_2FA_ROLES", "ADMIN,NONE"),
        ("OIDC_ISSUER", "http://id.example.com"),
    ],
)
def test_wrong_value_stops_the_start_with_its_name(tmp_path: Path, name: str, value: str) -> None:
    process = start(tmp_path, **{name: value})
    _out, err = process.communicate(timeout=30)

    assert process.returncode == 1
    assert name in err.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("url", "host", "port", "starts_tls", "is_tls"),
    [
        ("smtp://desk:p%40ss@mail.example.com", "mail.example.com", 587, True, False),
        ("smtps://desk:p%40ss@mail.example.com", "mail.example.com", 465, False, True),
        ("smtp+plain://desk:p%40ss@127.0.0.1:2525", "127.0.0.1", 2525, False, False),
    ],
)
def test_mail_server_is_spoken_to_as_its_address_says(
    tmp_path: Path, url: str, host: str, port: int, starts_tls: bool, is_tls: bool
) -> None:
    names = ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS", "EMAIL_USE_SSL")

    found = load(tmp_path, *names, MAIL_URL=url, MAIL_FROM="desk@example.com")

    assert tuple(found[name] for name in names) == (host, port, "desk", "p@ss", starts_tls, is_tls)


def test_mail_needs_a_sender(tmp_path: Path) -> None:
    process = start(tmp_path, MAIL_URL="smtps://mail.example.com")
    _out, err = process.communicate(timeout=30)

    assert "MAIL_FROM must be the address" in err.strip().splitlines()[-1]
    assert load(tmp_path, "SENDS_MAIL") == {"SENDS_MAIL": False}


def test_debug_is_refused_where_others_come(tmp_path: Path) -> None:
    process = start(tmp_path, DEBUG="true", SITE_URL="https://desk.example.com")
    _out, err = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "DEBUG is for this machine only" in err.strip().splitlines()[-1]
    assert load(tmp_path, "DEBUG", DEBUG="true") == {"DEBUG": True}


@pytest.mark.parametrize(
    ("site_url", "value", "roles"),
    [
        ("https://desk.example.com", "", ["ADMIN"]),
        ("http://127.0.0.1:8000", "", []),
        ("https://desk.example.com", "NONE", []),
        ("http://127.0.0.1:8000", "admin, lead", ["ADMIN", "LEAD"]),
        ("https://desk.example.com", ",".join(Role), list(Role)),
    ],
)
def test_administrators_need_a_second_factor_where_others_come(
    tmp_path: Path, site_url: str, value: str, roles: list[str]
) -> None:
    got = load(tmp_path, "REQUIRE_2FA_ROLES", SITE_URL=site_url, REQUIRE_2FA_ROLES=value, **KEYS)

    assert got == {"REQUIRE_2FA_ROLES": roles}


OIDC = {"OIDC_ISSUER": "https://id.example.com/", "OIDC_CLIENT_ID": "desk", "OIDC_CLIENT_SECRET": "a secret"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID"),
        ({"OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET"),
        ({"OIDC_CLIENT_SECRET_FILE": "/nowhere/at/all"}, "OIDC_CLIENT_SECRET_FILE"),
        ({"OIDC_ROLES": "leads=aurora:LEAD"}, "OIDC_ROLES"),
        ({"OIDC_ROLES": '{"leads": "LEAD"}'}, "OIDC_ROLES"),
        ({"OIDC_ROLES": '{"leads": {"aurora": "CHIEF"}}'}, "OIDC_ROLES"),
        ({"OIDC_CREATE_ACCOUNTS": "perhaps"}, "OIDC_CREATE_ACCOUNTS"),
    ],
)
def test_half_a_single_sign_on_stops_the_start(tmp_path: Path, changed: dict[str, str], named: str) -> None:
    process = start(tmp_path, **(OIDC | changed))
    _out, err = process.communicate(timeout=30)

    assert process.returncode == 1
    assert named in err.strip().splitlines()[-1]
    assert "a secret" not in err


def test_single_sign_on_may_have_its_secret_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("from the file\n")
    path.chmod(0o600)

    got: Any = load(
        tmp_path,
        "SOCIALACCOUNT_PROVIDERS",
        **(OIDC | {"OIDC_CLIENT_SECRET": "", "OIDC_CLIENT_SECRET_FILE": str(path), "OIDC_NAME": "Example"}),
    )

    (app,) = got["SOCIALACCOUNT_PROVIDERS"]["openid_connect"]["APPS"]
    assert (app["name"], app["secret"]) == ("Example", "from the file")
    assert app["settings"] == {"server_url": "https://id.example.com"}


def test_secrets_are_made_for_the_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new"

    first = load(folder, "SECRET_KEY", "TOKEN_KEYS")
    again = load(folder, "SECRET_KEY", "TOKEN_KEYS")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"secret_key": 0o600, "token_keys": 0o600, "diary_key": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert again == first


def test_installation_with_https_is_given_its_keys(tmp_path: Path) -> None:
    refused = start(tmp_path / "data", SITE_URL="https://desk.example.com")
    _out, err = refused.communicate(timeout=30)
    assert "SECRET_KEY isn't set: with https, keys are kept apart from the data." in err.strip().splitlines()[-1]
    assert list((tmp_path / "data").iterdir()) == []

    made = subprocess.run(
        [sys.executable, "-m", "dashboard.keys", str(tmp_path / "keys")], cwd=ROOT, capture_output=True, text=True
    )

    env = dict(line.split("=", 1) for line in made.stdout.splitlines())
    assert set(env) == {"SECRET_KEY_FILE", "TOKEN_KEYS_FILE", "DIARY_KEY_FILE"}
    found = load(tmp_path / "data", "SECRET_KEY", "DIARY_KEY", "TOKEN_KEYS", SITE_URL="https://desk.example.com", **env)
    assert found["SECRET_KEY"] == (tmp_path / "keys/secret_key").read_text()
    assert found["TOKEN_KEYS"] == [(tmp_path / "keys/token_keys").read_text()]
    assert list((tmp_path / "data").iterdir()) == []


def test_keys_made_in_the_data_go_on_opening_them(tmp_path: Path) -> None:
    before = load(tmp_path, "TOKEN_KEYS")

    assert load(tmp_path, "TOKEN_KEYS", SITE_URL="https://desk.example.com") == before


def test_secret_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "url"
    path.write_text("redis://:word@127.0.0.1:6379/0\n")
    path.chmod(0o600)

    assert load(tmp_path / "data", "REDIS_URL", REDIS_URL_FILE=str(path)) == {
        "REDIS_URL": "redis://:word@127.0.0.1:6379/0"
    }


@pytest.mark.parametrize(
    ("content", "more", "said"),
    [
        (None, {}, "SECRET_KEY_FILE names a file that can't be read."),
        ("", {}, "SECRET_KEY_FILE names a file that is empty."),
        ("short", {}, "SECRET_KEY must be a random text of at least 32 characters."),
        ("x", {"SECRET_KEY": "y"}, "SECRET_KEY and SECRET_KEY_FILE are both set; one of them is meant."),
    ],
)
def test_wrong_file_of_a_secret_stops_the_start(
    tmp_path: Path, content: str | None, more: dict[str, str], said: str
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)

    _out, err = start(tmp_path / "data", SECRET_KEY_FILE=str(path), **more).communicate(timeout=30)

    assert err.strip().splitlines()[-1].endswith(said)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660])
def test_file_of_a_secret_that_others_can_read_stops_the_start(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_text(KEYS["SECRET_KEY"])
    path.chmod(mode)

    _out, err = start(tmp_path / "data", SECRET_KEY_FILE=str(path)).communicate(timeout=30)

    said = err.strip().splitlines()[-1]
    assert "SECRET_KEY_FILE names a file that others can read" in said
    assert said.endswith(f"chmod 600 {path}")
    assert KEYS["SECRET_KEY"] not in err


@pytest.mark.parametrize(
    ("mode", "owner", "is_read_only", "is_closed"),
    [
        (0o600, 1000, False, True),
        (0o400, 0, False, True),
        (0o640, 0, False, True),
        (0o640, 1000, False, False),
        (0o660, 0, False, False),
        (0o644, 0, False, False),
        (0o644, 0, True, True),
        (0o644, 1000, True, False),
    ],
)
def test_file_of_a_secret_is_judged_by_owner_mode_and_mount(
    mode: int, owner: int, is_read_only: bool, is_closed: bool
) -> None:
    about = os.stat_result((mode, 0, 0, 1, owner, 0, 0, 0, 0, 0))

    assert keys.is_closed(about, is_read_only=is_read_only) is is_closed


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_data_that_others_can_read_are_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(mode)

    _out, err = start(folder).communicate(timeout=30)

    assert (
        err.strip()
        .splitlines()[-1]
        .endswith(f"DATA_DIR can be read by other users of this machine. Run: chmod 700 {folder}")
    )


def test_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load(tmp_path, "SECRET_KEY")
    (tmp_path / "secret_key").chmod(0o640)

    _out, err = start(tmp_path).communicate(timeout=30)

    assert err.strip().splitlines()[-1].endswith(f"Run: chmod 600 {tmp_path / 'secret_key'}")


def test_what_the_site_writes_is_for_its_user_alone(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "showmigrations"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "parent/data")},
        check=True,
        capture_output=True,
    )

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "parent").rglob("*")}
    assert modes == {0o600, 0o700}
    assert (tmp_path / "parent/data/phone-desk.sqlite3").exists()


def test_second_to_finish_takes_what_the_first_made(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"

    def be_overtaken() -> str:
        path.write_text("made by the first")
        return "made by the second"

    assert keys._keep(path, be_overtaken) == "made by the first"
    assert [left.name for left in tmp_path.iterdir()] == ["secret_key"]


def test_starts_at_once_agree_on_the_secrets(tmp_path: Path) -> None:
    show = SHOW % (("SECRET_KEY", "TOKEN_KEYS"),)

    processes = [start(tmp_path, show) for _ in range(4)]
    said = {process.communicate(timeout=30)[0] for process in processes}

    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert len(said) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diary_key", "secret_key", "token_keys"]


def test_https_makes_cookies_secure(tmp_path: Path) -> None:
    names = (
        "SESSION_COOKIE_NAME",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_NAME",
        "CSRF_COOKIE_SECURE",
        "LANGUAGE_COOKIE_SECURE",
        "DEVICE_COOKIE_NAME",
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_SECONDS",
        "ALLOWED_HOSTS",
    )

    found = load(tmp_path, *names, SITE_URL="https://desk.example.com", **KEYS)

    assert found == {
        "SESSION_COOKIE_NAME": "__Host-session",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_NAME": "__Host-csrf",
        "CSRF_COOKIE_SECURE": True,
        "LANGUAGE_COOKIE_SECURE": True,
        "DEVICE_COOKIE_NAME": "__Host-device",
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "ALLOWED_HOSTS": ["127.0.0.1", "::1", "[::1]", "desk.example.com", "localhost"],
    }


def test_database_may_be_spoken_to_by_tls_alone(tmp_path: Path) -> None:
    url = "postgres://desk:word@db.example.com/desk?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem"

    found: Any = load(tmp_path, "DATABASES", DATABASE_URL=url)["DATABASES"]

    assert found["default"]["OPTIONS"] == {"sslmode": "verify-full", "sslrootcert": "/etc/ssl/db.pem"}


def test_own_names_are_answered_whatever_hosts_are_set(tmp_path: Path) -> None:
    found = load(tmp_path, "ALLOWED_HOSTS", ALLOWED_HOSTS="desk.example.com")

    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "::1", "[::1]", "desk.example.com", "localhost"]


def test_empty_values_mean_the_default(tmp_path: Path) -> None:
    empty = dict.fromkeys(("SITE_URL", "DATABASE_URL", "REDIS_URL", "TIME_ZONE", "SECRET_KEY", "TOKEN_KEYS"), "")

    found = load(tmp_path, "SITE_URL", "REDIS_URL", "TIME_ZONE", "IS_HTTPS", **empty)

    assert found == {
        "SITE_URL": "http://127.0.0.1:8000",
        "REDIS_URL": None,
        "TIME_ZONE": "Europe/Madrid",
        "IS_HTTPS": False,
    }
