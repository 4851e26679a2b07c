"""The packages: an installation gets none without the fixes that the lock has, and a known fault fails the check."""

from hashlib import sha256

import pytest

from scripts.audit import SKIPPED, told
from scripts.floors import ROOT, locked, with_floors


def test_floors_are_what_is_locked() -> None:
    text = (ROOT / "pyproject.toml").read_text()

    assert with_floors(text, locked()) == text
    # It can fail.
    assert with_floors(text, locked() | {"django": "9.9"}) != text
    assert with_floors(text, locked() | {"redis": "9.9"}) != text
    assert with_floors(text, locked() | {"prometheus-client": "9.9"}) != text


@pytest.mark.parametrize(
    ("text", "floored"),
    [
        ('    "django>=5.2.8,<5.3",', '    "django>=5.2.19,<5.3",'),
        ('    "django-allauth[mfa,webauthn]",', '    "django-allauth[mfa,webauthn]>=65.1",'),
        ('redis = ["redis>=5"]', 'redis = ["redis>=8.1.0"]'),
        ('    "another",', '    "another",'),
        ('dev = [\n    "django",', 'dev = [\n    "django",'),
    ],
)
def test_floor_replaces_the_one_before(text: str, floored: str) -> None:
    assert with_floors(text, {"django": "5.2.19", "django-allauth": "65.1", "redis": "8.1.0"}) == floored


UNKNOWN = {"name": "arrow", "skip_reason": "not found"}
SOUND = {"name": "django", "version": "5.2.19", "vulns": []}
FAULTY = {"name": "requests", "version": "2.31.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.32.4"]}]}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([SOUND], 0, ""),
        ([SOUND, FAULTY], 1, "requests 2.31.0: PYSEC-1, fixed in 2.32.4\n"),
        ([SOUND, UNKNOWN], 1, "The package index doesn't know: arrow\n"),
        (
            [UNKNOWN, UNKNOWN],
            SKIPPED,
            "Nobody looked for known faults in packages: the package index knows none of the 2 packages.\n",
        ),
    ],
)
def test_audit_tells_apart_sound_and_not_looked_at(
    capsys: pytest.CaptureFixture[str], packages: list[dict[str, object]], code: int, said: str
) -> None:
    assert (told(packages), capsys.readouterr().out) == (code, said)


def test_vendored_module_is_the_published_one() -> None:
    folder = ROOT / "static/vendor"
    notice = (folder / "combobox-nav.LICENSE").read_text()

    assert f"SHA-256 of combobox-nav.js: {sha256((folder / 'combobox-nav.js').read_bytes()).hexdigest()}\n" in notice
