"""Asks the package index for known faults of locked packages: exit code 1 if there are, SKIPPED if nobody answered."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# The exit code of a check that could not be made.
SKIPPED = 75
SECONDS = 120


def main() -> int:
    """Audit the packages of an installation, print what was found, and return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "audit.json")
        arguments = [
            "--require-hashes",
            "--disable-pip",
            "-r",
            "requirements/reports.lock",
            "--progress-spinner",
            "off",
        ]
        try:
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-m", "pip_audit", *arguments, "--timeout", "10", "--format", "json", "-o", str(path)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _skip(f"no answer within {SECONDS} seconds")
        if not path.exists():
            return _skip((done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1])
        return told(json.loads(path.read_text())["dependencies"])


def told(packages: list[dict[str, Any]]) -> int:
    """Print what is known of the packages, and return the exit code."""
    faults = [
        f"{package['name']} {package['version']}: {fault['id']}, fixed in {', '.join(fault['fix_versions']) or 'none'}"
        for package in packages
        for fault in package.get("vulns", [])
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if faults:
        sys.stdout.write("\n".join(faults) + "\n")
        return 1
    if len(unknown) == len(packages):
        return _skip(f"the package index knows none of the {len(packages)} packages")
    if unknown:
        sys.stdout.write(f"The package index doesn't know: {', '.join(unknown)}\n")
        return 1
    return 0


def _skip(why: str) -> int:
    sys.stdout.write(f"Nobody looked for known faults in packages: {why}.\n")
    return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
