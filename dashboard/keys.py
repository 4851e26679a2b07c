"""The site's secrets. On one's own machine they are generated on first start and kept in DATA_DIR.

An installation that others reach keeps them apart from the data, so that a backup of the data opens nothing:
`python -m dashboard.keys FOLDER` generates them there, and says which settings name their files.
"""

import os
import secrets
import sys
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


MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "TOKEN_KEYS": lambda: Fernet.generate_key().decode(),
    "DIARY_KEY": lambda: secrets.token_urlsafe(50),
}


def kept(folder: Path, name: str, *, may_generate: bool = True) -> str:
    """Return the secret of the setting `name` from `folder`, generated on first use.

    :raises FileNotFoundError: there is none, and none may be generated.
    :raises PermissionError: others can read the file.
    """
    path = folder / name.lower()
    if not may_generate and not path.exists():
        raise FileNotFoundError(path)
    found = _keep(path, MAKERS[name])
    if path.stat().st_mode & 0o077:
        raise PermissionError(path)
    return found


def is_closed(about: os.stat_result, *, is_read_only: bool) -> bool:
    """Return whether a file that somebody else provides, such as the secret of a container, is closed to others.

    It is if it is for its owner alone; or root's, and for a group of root's choice; or root's on a read-only mount,
    where a container runtime puts secrets (Docker, Kubernetes and systemd do, with modes 0444 and 0644).
    """
    is_roots = about.st_uid == 0
    if not about.st_mode & 0o077 or (is_roots and is_read_only):
        return True
    return is_roots and not about.st_mode & 0o027


def read_provided(path: Path) -> str:
    """Return the secret in a file that a setting names.

    :raises PermissionError: others can read the file.
    """
    is_read_only = bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    if not is_closed(path.stat(), is_read_only=is_read_only):
        raise PermissionError(path)
    return path.read_text().strip()


def main() -> None:
    """Generate what is missing in the folder of the first argument, and print the settings that name the files."""
    if len(sys.argv) != 2:
        sys.exit("Say in which folder: python -m dashboard.keys /etc/phone-desk/keys")
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in MAKERS:
        kept(folder, name)
        sys.stdout.write(f"{name}_FILE={folder / name.lower()}\n")


if __name__ == "__main__":
    main()
