"""What keeps an installation from working: told once at the start, and to whoever asks whether it is ready."""

import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.cache import cache
from django.core.management.base import CommandError
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from phones.services.key_proofs import DIARY_KEY, TOKEN_KEYS, wrong_keys

WRONG_KEY = {
    TOKEN_KEYS: (
        "No key of TOKEN_KEYS opens what this database has sealed. Put the right one into TOKEN_KEYS, and keep an old "
        "one there until `manage.py rotate_keys` has run. If it is lost: `manage.py accept_keys`."
    ),
    DIARY_KEY: (
        "DIARY_KEY is not the key that has sealed the history of this database. Set the right one; it is never "
        "changed. If it is lost: `manage.py accept_keys`."
    ),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is missing or wrong. `what` is the name by which /health/ready tells it.

    `is_of_the_database`: nothing works with it, so commands and workers don't begin. `is_wrong_key`: whoever went on
    would write what nobody can open or verify, so not even the web starts.
    """

    what: str
    sentence: str
    is_of_the_database: bool = True
    is_wrong_key: bool = False


# With this migration the proofs of the keys are in the database.
PROOFS = "phones.0024_installation"
CHECKED = ("database", "migrations", "token_keys", "diary_key", "cache", "static", "translations")


def faults() -> list[Fault]:
    """Return everything that is wrong, and can be found out."""
    return [*_faults_of_files(), *_faults_of_the_database()]


def demand_ready() -> None:
    """Make sure that the tables are up to date, and the keys those of this database.

    :raises CommandError: with what is missing, in a sentence or two.
    """
    if found := [fault.sentence for fault in faults() if fault.is_of_the_database]:
        raise CommandError("\n".join(found))


def _faults_of_the_database() -> Iterator[Fault]:
    try:
        missing = missing_migrations()
        if PROOFS not in missing:
            for setting in wrong_keys(now=timezone.now(), notes=not missing):
                yield Fault(setting.lower(), WRONG_KEY[setting], is_wrong_key=True)
        if missing:
            first = ", ".join(missing[:3]) + (" …" if missing[3:] else "")
            yield Fault("migrations", f"The tables are not up to date ({first}). Run: manage.py migrate")
        elif not _cache_works():
            yield Fault("cache", "The cache keeps nothing of what is written to it.")
    except (DatabaseError, InterfaceError) as error:
        # Its text may have the address and the user.
        yield Fault("database", f"The database doesn't answer ({type(error).__name__}). See DATABASE_URL.")


def missing_migrations() -> list[str]:
    """Return the migrations that are here, and not in the database. Nothing is imported: a web process needs none."""
    applied = set(MigrationRecorder(connection).applied_migrations())
    return [f"{label}.{name}" for label, name in _known_migrations() if (label, name) not in applied]


def known_migrations() -> set[str]:
    """Return the migrations of this release, as `app.name`."""
    return {f"{label}.{name}" for label, name in _known_migrations()}


def _known_migrations() -> Iterator[tuple[str, str]]:
    for app in apps.get_app_configs():
        found = find_spec(f"{app.name}.migrations")
        for module in pkgutil.iter_modules(found.submodule_search_locations if found else []):
            if module.name[0] not in "_~":
                yield app.label, module.name


def _cache_works() -> bool:
    cache.set("readiness", True, timeout=60)
    return cache.get("readiness") is True


def _faults_of_files() -> Iterator[Fault]:
    if isinstance(staticfiles_storage, ManifestFilesMixin) and not staticfiles_storage.hashed_files:
        yield Fault(
            "static", "The static files are not collected. Run: manage.py collectstatic", is_of_the_database=False
        )
    if missing := [path.parent.parent.name for path in _catalogues() if not path.with_suffix(".mo").exists()]:
        sentence = f"Translations are not compiled ({', '.join(missing)}). Run: python scripts/compile_translations.py "
        yield Fault("translations", sentence + "locale/*/LC_MESSAGES/*.po", is_of_the_database=False)


def _catalogues() -> list[Path]:
    return [path for folder in settings.LOCALE_PATHS for path in sorted(Path(folder).glob("*/LC_MESSAGES/*.po"))]
