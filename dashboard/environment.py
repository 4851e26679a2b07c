"""Values of the environment that take more than a line to check."""

import os
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import dj_database_url
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from dashboard import keys
from dashboard.proxies import Proxies

# As `phones.models.Role` has them, from the weakest: settings load before models.
ROLES = ("VIEWER", "LABELLER", "ROUTER", "LEAD", "ADMIN")
LOOPBACK: set[str] = {"127.0.0.1", "localhost", "::1"}
SQLITE: dj_database_url.DBConfig = {
    "CONN_HEALTH_CHECKS": False,
    "OPTIONS": {
        # A deferred transaction that begins to write fails with "database is locked" instead of waiting.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # A page of a sync changes 1,000 blocks, the default at which SQLite checkpoints its WAL: then every write
        # would wait for a checkpoint, and for the disk.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000; "
        "PRAGMA wal_autocheckpoint=8000;",
    },
}


@dataclass(frozen=True)
class Secrets:
    """The settings that may be secret. Keys that aren't set are made and kept in `folder`, where that is allowed."""

    env: Env
    folder: Path
    may_generate: bool

    def text(self, name: str) -> str:
        """Return the variable, or the content of the file that `NAME_FILE` names; "" without both."""
        value: str = self.env.str(name, "")
        path: str = self.env.str(f"{name}_FILE", "")
        if value and path:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; one of them is meant.")
        if not path:
            return value
        try:
            found = keys.read_provided(Path(path))
        except PermissionError:
            raise ImproperlyConfigured(
                f"{name}_FILE names a file that others can read, or that this user can't. "
                f"Give it to the user that runs Phone Desk: chmod 600 {path}"
            ) from None
        except (OSError, UnicodeDecodeError):
            raise ImproperlyConfigured(f"{name}_FILE names a file that can't be read.") from None
        if not found:
            raise ImproperlyConfigured(f"{name}_FILE names a file that is empty.")
        return found

    def long_key(self, name: str) -> str:
        """Return a key that is a long random text."""
        found = self._key(name)
        if len(found) < 32 or found.startswith("django-insecure"):
            raise ImproperlyConfigured(f"{name} must be a random text of at least 32 characters.")
        return found

    def fernet_keys(self, name: str) -> list[str]:
        """Return keys for Fernet, the one that seals first."""
        found = self._key(name).split(",")
        for key in found:
            try:
                Fernet(key)
            except ValueError:
                raise ImproperlyConfigured(f"{name} must be Fernet keys, separated by commas.") from None
        return found

    def _key(self, name: str) -> str:
        found = self.text(name)
        if found:
            return found
        try:
            return keys.kept(self.folder, name, may_generate=self.may_generate)
        except FileNotFoundError:
            raise ImproperlyConfigured(
                f"{name} isn't set: with https, keys are kept apart from the data. "
                "Make them once with `python -m dashboard.keys FOLDER`, and set what it prints."
            ) from None
        except PermissionError:
            path = self.folder / name.lower()
            raise ImproperlyConfigured(
                f"{name} can be read by other users of this machine. Run: chmod 600 {path}"
            ) from None


def url(env: Env, name: str, default: str) -> str:
    """Return an address: https, or plain http on loopback only."""
    value: str = (env.str(name, "") or default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return value
    raise ImproperlyConfigured(f"{name} must be an https address (http is allowed for 127.0.0.1 only).")


def data_dir(env: Env, default: Path) -> Path:
    """Return the folder of our own files, made if it isn't there (mode 0700)."""
    folder = Path(env.str("DATA_DIR", "") or default).resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR can't be made: {error.strerror}.") from None
    if mode & 0o077:
        raise ImproperlyConfigured(f"DATA_DIR can be read by other users of this machine. Run: chmod 700 {folder}")
    return folder


def database(address: str, folder: Path) -> dj_database_url.DBConfig:
    """Return the database of an address; SQLite in `folder` without one."""
    try:
        found = dj_database_url.parse(
            address or f"sqlite:///{folder}/phone-desk.sqlite3", conn_max_age=60, conn_health_checks=True
        )
    except ValueError:
        # The library's own message would not name the variable.
        raise ImproperlyConfigured("DATABASE_URL must look like postgres://user:password@host/name.") from None
    return found | SQLITE if "sqlite" in found["ENGINE"] else found


def redis_url(address: str) -> str | None:
    """Return the address of a Redis, None without one."""
    if address and urlsplit(address).scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// or unix://.")
    return address or None


def version(folder: Path) -> str:
    """Return the version of this release, as its `pyproject.toml` has it."""
    return str(tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def at_least(least: int, value: int, name: str) -> int:
    """Return a number of the environment that may not be less."""
    if value < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}.")
    return value


def one_to_32(value: int, name: str) -> int:
    """Return how many of something may be under way at a time."""
    if not 1 <= value <= 32:
        raise ImproperlyConfigured(f"{name} must be 1 to 32.")
    return value


def time_zone(env: Env) -> str:
    """Return the name of the time zone in which times are shown."""
    name: str = env.str("TIME_ZONE", "") or "Europe/Madrid"
    try:
        ZoneInfo(name)
    except (KeyError, ValueError):
        raise ImproperlyConfigured("TIME_ZONE must be a name such as Europe/Madrid.") from None
    return name


def proxies(env: Env) -> list[str]:
    """Return the proxies that are believed."""
    found: list[str] = env.list("FORWARDED_ALLOW_IPS", []) or ["127.0.0.1", "::1"]
    try:
        Proxies(found)
    except ValueError:
        raise ImproperlyConfigured("FORWARDED_ALLOW_IPS must be addresses or networks, separated by commas.") from None
    return found


def roles_with_second_factor(env: Env, *, is_https: bool) -> list[str]:
    """Return the roles that need a second factor; by default administrators, and nobody on one's own machine."""
    default = ["ADMIN"] if is_https else ["NONE"]
    found = [name.strip().upper() for name in env.list("REQUIRE_2FA_ROLES", []) or default]
    if found == ["NONE"]:
        return []
    if set(found) <= set(ROLES):
        return found
    raise ImproperlyConfigured("REQUIRE_2FA_ROLES must be VIEWER, LABELLER, ROUTER, LEAD, ADMIN, or NONE.")


def metrics_token(token: str) -> str:
    """Return the token that opens /metrics, "" without metrics."""
    if token and (len(token) < 16 or not token.isascii()):
        raise ImproperlyConfigured("METRICS_TOKEN must be a random text of at least 16 characters.")
    return needing(token, "METRICS_TOKEN", "prometheus_client", "prometheus-client")


class Mail(NamedTuple):
    """The mail server: host, port, user, password, and how it is spoken to."""

    host: str
    port: int
    user: str
    password: str
    starts_tls: bool
    is_tls: bool


def mail(address: str, sender: str) -> Mail | None:
    """Return the mail server by its address; without one no mail is sent."""
    if not address:
        return None
    parts = urlsplit(address)
    is_plain = parts.scheme == "smtp+plain" and parts.hostname in LOOPBACK
    if not parts.hostname or not (is_plain or parts.scheme in {"smtp", "smtps"}):
        raise ImproperlyConfigured(
            "MAIL_URL must look like smtp://user:password@host:587 (STARTTLS) or smtps://…:465 (TLS); "
            "smtp+plain://… is for this machine only."
        )
    if "@" not in sender or not sender.isprintable():
        raise ImproperlyConfigured("MAIL_FROM must be the address from which mail is sent, if MAIL_URL is set.")
    return Mail(
        parts.hostname,
        parts.port or {"smtps": 465, "smtp": 587}.get(parts.scheme, 25),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        starts_tls=parts.scheme == "smtp",
        is_tls=parts.scheme == "smtps",
    )


def webhook_networks(env: Env) -> list[str]:
    """Return the private networks to which webhooks may be sent."""
    found: list[str] = env.list("WEBHOOK_NETWORKS", [])
    try:
        return [str(ip_network(text.strip())) for text in found]
    except ValueError:
        raise ImproperlyConfigured("WEBHOOK_NETWORKS must be addresses or networks, separated by commas.") from None


def refuse_prefix(site_url: str) -> None:
    """Refuse to run below a path: cookies are for a whole host name (`__Host-`), and so is the site."""
    if urlsplit(site_url).path:
        raise ImproperlyConfigured("SITE_URL can't have a path: Phone Desk needs a host name for itself.")
    if "SCRIPT_NAME" in os.environ:
        raise ImproperlyConfigured("SCRIPT_NAME is set: Phone Desk can't run below a path, only at the root of a host.")


def needing(value: str, setting: str, module: str, package: str) -> str:
    """Return the value of a setting that switches something on, if its package is there.

    :raises ImproperlyConfigured: it is set, and the package is missing.
    """
    try:
        # To look for a module within a package loads the package.
        is_missing = bool(value) and find_spec(module) is None
    except ModuleNotFoundError:
        is_missing = True
    if is_missing:
        raise ImproperlyConfigured(f"{setting} needs a package. Run: pip install {package}")
    return value
