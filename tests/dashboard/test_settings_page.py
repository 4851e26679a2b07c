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
# What reads a variable: a library, or a function of ours that is given its name.
READ = re.compile(
    r"(self\.)?env\.[a-z_]+|os\.environ\.(get|setdefault)|os\.getenv|(environment\.)?url|_secrets\.[a-z_]+|port"
)
PLAIN = re.compile(r"`([^`]+)`")


def read_variables() -> dict[str, str]:
    """Return each variable that the product reads, with its default, or "" where that is no plain value."""
    found: dict[str, str] = {}
    for node in (node for path in READERS for node in ast.walk(ast.parse(path.read_text()))):
        # `env.str(NAME, "") or DEFAULT`: the outer node is met first.
        call, default = (node.values[0], node.values[-1]) if isinstance(node, ast.BoolOp) else (node, None)
        if not isinstance(call, ast.Call) or not READ.fullmatch(ast.unparse(call.func)):
            continue
        # Ours are given the environment first.
        given = call.args[1:] if call.args and ast.unparse(call.args[0]) == "env" else call.args
        # A constant, and none of Django's own variables.
        if given and isinstance(given[0], ast.Constant) and not str(given[0].value).startswith("DJANGO_"):
            name = str(given[0].value)
            found[name] = found.get(name) or _plain(default or (given[1] if given[1:] else None))
    return found


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


def test_database_and_redis_of_compose_have_no_way_out_and_no_port() -> None:
    told = compose()

    assert told["networks"]["inside"] == {"internal": True}
    assert {name: told["services"][name]["networks"] for name in told["services"]} == {
        "tables": ["inside"],
        "web": ["outside", "inside"],
        "worker": ["outside", "inside"],
        "postgres": ["inside"],
        "redis": ["inside"],
    }
    assert [name for name, service in told["services"].items() if "ports" in service] == ["web"]


def test_compose_takes_no_variable_that_nobody_is_told_of() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))

    assert asked == {"SITE_URL", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    assert "POSTGRES_PASSWORD" in Path(ROOT / "docs/settings.md").read_text()
