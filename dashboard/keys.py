"""Secrets that the site generates on first start and keeps in DATA_DIR."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet


def _keep(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in the file at `path`; if there is none, generate and write it (mode 0600).

    Two processes may start at once (`make demo` starts web and worker): the file is hard-linked into place, so the
    first to finish wins and the second reads what the first wrote.
    """
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def secret_key(data_dir: Path) -> str:
    """Return Django's SECRET_KEY from `data_dir`, generated on first use."""
    return _keep(data_dir / "secret_key", lambda: secrets.token_urlsafe(50))


def token_keys(data_dir: Path) -> list[str]:
    """Return the keys that encrypt API tokens, newest first, from `data_dir`; one is generated on first use."""
    return _keep(data_dir / "token_keys", lambda: Fernet.generate_key().decode()).split(",")


def diary_key(data_dir: Path) -> str:
    """Return the HMAC key of the audit log's hash chain from `data_dir`, generated on first use."""
    return _keep(data_dir / "diary_key", lambda: secrets.token_urlsafe(50))
