"""The settings' page, `.env.example` and `compose.yaml` tell of each variable that the code reads, and of no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.support.pages.doc_pages import ROOT, bare, table

READERS = [
    *(ROOT / "dashboard").rglob("*.py"),
    *(ROOT / "phones").rglob("*.py"),
    ROOT / "gunicorn.conf.py",
    ROOT / "scripts/desk.py",
]
READ = re.compile(r"(env\.[a-z_]+|os\.environ\.(get|setdefault)|os\.getenv)")
PLAIN = re.compile(r"`([^`]+)`")


def read_variables() -> dict[str, str]:
    """Return each variable that the product reads, with its default, or "" where that is no plain value."""
    found: dict[str, str] = {}
    for path in READERS:
        tree = ast.parse(path.read_text())
        handing_on: set[str] = set()
        # Three times, as one may hand on to another, and that to a third.
        for _time in range(3):
            handing_on |= {
                node.name
                for node in ast.walk(tree)
                if isinstance(node, ast.FunctionDef) and _hands_on(node, handing_on)
            }
        for node in ast.walk(tree):
            # `env.str(NAME, "") or DEFAULT`: the outer node is met first.
            call, default = (node.values[0], node.values[-1]) if isinstance(node, ast.BoolOp) else (node, None)
            if (
                not isinstance(call, ast.Call)
                or not _reads(call, handing_on)
                or not isinstance(call.args[0], ast.Constant)
            ):
                continue
            name = str(call.args[0].value)
            # Django's own.
            if not name.startswith("DJANGO_"):
                found[name] = found.get(name) or _plain(default or (call.args[1] if call.args[1:] else None))
    return found


def _reads(call: ast.Call, handing_on: set[str]) -> bool:
    function = ast.unparse(call.func)
    return bool(call.args) and (READ.fullmatch(function) is not None or function in handing_on)


def _hands_on(function: ast.FunctionDef, handing_on: set[str]) -> bool:
    """Say whether a function reads the variable whose name it is given."""
    given = {argument.arg for argument in function.args.args}
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call) and _reads(node, handing_on))
    return any(ast.unparse(call.args[0]) in given for call in calls)


def _plain(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "logging":
        return node.attr
    if not isinstance(node, ast.Constant) or node.value is None:
        return ""
    return str(node.value).lower() if isinstance(node.value, bool) else str(node.value).removesuffix(".0")


def told_settings() -> dict[str, str]:
    """Return the table of settings: each variable, and its default where that is a plain value."""
    return {
        bare(name): match[1] if (match := PLAIN.fullmatch(default)) else ""
        for name, default, _what in table("settings.md", "variable")
    }


def example_lines() -> Iterator[tuple[str, str]]:
    """Yield the variables of `.env.example` with the values written there."""
    yield from re.findall(r"^#?([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M)


def compose() -> dict[str, Any]:
    """Return what `compose.yaml` says, its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def test_page_tells_of_each_variable_with_its_default() -> None:
    read = read_variables()

    assert told_settings() == read
    assert len(read) > 20


def test_example_has_a_line_for_each_variable_with_its_default() -> None:
    told, example = told_settings(), dict(example_lines())

    assert set(example) == set(told) | {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    assert {name: example[name] for name, default in told.items() if default} == {
        name: default for name, default in told.items() if default
    }


def test_compose_hands_all_of_env_to_the_desk() -> None:
    services = compose()["services"]

    assert [services[name]["env_file"] for name in ("tables", "web", "worker")] == [".env"] * 3


def test_compose_sets_only_what_containers_need() -> None:
    own = {bare(name): value for name, value in table("settings.md", "in a container")}

    for name in ("tables", "web", "worker"):
        environment = compose()["services"][name]["environment"]
        needed = {"SITE_URL": "needed", **own}

        assert set(environment) == set(needed)
        assert {key: environment[key] for key, value in own.items() if PLAIN.fullmatch(value)} == {
            key: bare(value) for key, value in own.items() if PLAIN.fullmatch(value)
        }


def test_compose_takes_no_variable_that_nobody_is_told_of() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))

    assert asked == {"SITE_URL", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    assert "POSTGRES_PASSWORD" in Path(ROOT / "docs/settings.md").read_text()
