"""What checks a change elsewhere is what checks it here, under every Python that Phone Desk is for."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


def job() -> dict[str, Any]:
    """Return the one job of the workflow."""
    (found,) = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"].values()
    return dict(found)


def test_workflow_runs_what_any_machine_runs() -> None:
    steps = job()["steps"]

    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]


def test_actions_are_pinned_by_commit() -> None:
    used = [step["uses"] for step in job()["steps"] if "uses" in step]

    assert len(used) == 2
    assert [name for name in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name)] == []


def test_workflow_may_write_nothing() -> None:
    told = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())

    assert told["permissions"] == {"contents": "read"}


def test_versions_of_python_are_the_same_everywhere() -> None:
    versions = job()["strategy"]["matrix"]["python"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert f"for version in {' '.join(versions)}; do" in (ROOT / "scripts/pythons.sh").read_text()
    assert project["requires-python"] == f">={versions[0]}"


def test_services_of_the_workflow_are_those_of_compose() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]

    assert {name: service["image"] for name, service in job()["services"].items()} == {
        name: compose[name]["image"].partition("@")[0] for name in ("postgres", "redis")
    }
