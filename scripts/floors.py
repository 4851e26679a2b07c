"""Makes the locked version of each package that an installation needs its lowest one, so that no fix can be missed."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LOCKED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)
# A requirement on a line of its own: the name with its extras, the floor, and what follows it.
_REQUIREMENT = re.compile(
    r'^(\s*|(?:postgres|redis|metrics) = \[)"([\w.-]+)(\[[\w,-]+\])?(?:>=[\w.]+)?((?:,?<[\w.]+)?)"', re.MULTILINE
)


def locked() -> dict[str, str]:
    """Return the version of each package of an installation, error reports and traces included."""
    return dict(_LOCKED.findall(Path(ROOT, "requirements/reports.lock").read_text()))


def with_floors(text: str, versions: dict[str, str]) -> str:
    """Return pyproject.toml with a floor in each requirement."""

    def raised(found: re.Match[str]) -> str:
        start, name, extras, ceiling = found.groups()
        version = versions.get(name.lower())
        if version is None:
            return found[0]
        return f'{start}"{name}{extras or ""}>={version}{"," + ceiling.lstrip(",") if ceiling else ""}"'

    head, mark, rest = text.partition("dev = [")
    return _REQUIREMENT.sub(raised, head) + mark + rest


def main() -> int:
    """Write the floors."""
    path = Path(ROOT, "pyproject.toml")
    path.write_text(with_floors(path.read_text(), locked()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
