"""The pages for people say what the code says: paths, names, figures, contracts, commands."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandParser, get_commands, load_command_class

from tests.support.pages.doc_pages import ROOT, bare, paths_of, table, values_in

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# Read at a sitting, or not at all.
LONGEST = {"README.md": 120, "CONTRIBUTING.md": 40, "architecture.md": 110, "security.md": 110}
# Made by the first start: no clone has it.
NOT_IN_A_CLONE = "var/"


@pytest.mark.parametrize("doc", PAGES, ids=lambda doc: doc.name)
def test_paths_and_names_exist(doc: Path) -> None:
    named = paths_of(doc)

    gone = [path for path, _name in named if not (ROOT / path).exists() and not path.startswith(NOT_IN_A_CLONE)]
    unknown = [
        f"{path}:{name}"
        for path, name in named
        if name and path not in gone and name not in dict(values_in(ROOT / path))
    ]

    assert (gone, unknown) == ([], [])


def test_architecture_names_paths() -> None:
    assert len(paths_of(ROOT / "docs/architecture.md")) > 50


@pytest.mark.parametrize("doc", PAGES, ids=lambda doc: doc.name)
def test_figures_are_those_of_the_code(doc: Path) -> None:
    told = re.findall(r"`([\w./]+):(\w+) = ([\w.]+)`", doc.read_text())

    assert told == [(path, name, str(dict(values_in(ROOT / path))[name])) for path, name, _value in told]


@pytest.mark.parametrize("doc", PAGES, ids=lambda doc: doc.name)
def test_links_lead_somewhere(doc: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)\)", doc.read_text())

    assert [link for link in links if "://" not in link and not (doc.parent / link).exists()] == []


def test_every_page_is_found_from_the_readme() -> None:
    links = set(re.findall(r"\]\(([^)\s]+\.md)\)", PAGES[0].read_text()))

    assert {page.relative_to(ROOT).as_posix() for page in PAGES[1:]} <= links


@pytest.mark.parametrize("doc", [page for page in PAGES if page.name in LONGEST], ids=lambda doc: doc.name)
def test_page_is_short(doc: Path) -> None:
    assert len(doc.read_text().splitlines()) <= LONGEST[doc.name]


def contracts() -> list[dict[str, Any]]:
    """Return import-linter's contracts, in their order."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    found: list[dict[str, Any]] = tools["importlinter"]["contracts"]
    return found


def test_architecture_lists_the_contracts() -> None:
    floors = (ROOT / "docs/architecture.md").read_text().split("## Floors")[1].split("```")[0]

    assert re.findall(r"^- (.*)$", floors, re.M) == [contract["name"] for contract in contracts()]


def test_architecture_shows_the_floors_of_services() -> None:
    layers = next(contract["layers"] for contract in contracts() if contract.get("containers") == ["phones.services"])
    shown = [", ".join(f"`{name}`" for name in layer.split(" | ")) for layer in layers]

    assert [row[0] for row in table("architecture.md", "services, from above")] == shown


def usage_of(name: str) -> str:
    """Return what `--help` says of a command's own arguments, on one line."""
    parser = CommandParser(prog=f"manage.py {name}", add_help=False)
    load_command_class("phones", name).add_arguments(parser)
    return " ".join(parser.format_usage().removeprefix("usage: ").split())


def test_every_command_is_told_with_its_arguments() -> None:
    own = sorted(name for name, app in get_commands().items() if app == "phones")

    assert sorted(bare(row[0]) for row in table("commands.md", "manage.py")) == [usage_of(name) for name in own]
    assert own != []


def test_every_target_of_make_is_told() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout

    assert {bare(row[0]) for row in table("commands.md", "make")} == set(re.findall(r"^  (make [a-z-]+)", listed, re.M))


def test_speed_names_benchmarks_that_there_are() -> None:
    there = set(re.findall(r'^    "(\w+)":', (ROOT / "bench/suite.py").read_text(), re.M))

    named = {bare(row[0]) for row in table("speed.md", "bench")}

    assert named
    assert named <= there
