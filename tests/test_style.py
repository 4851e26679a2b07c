"""Rules of the house that a machine can check, each in a few lines."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sorted(
    path
    for folder in ("dashboard", "phones", "scripts", "tests", "bench")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OWN_ASSETS = sorted(path for path in (ROOT / "static/desk").rglob("*") if path.suffix in {".css", ".js"})
# allauth and Django look these up by name.
NAMED_ELSEWHERE = re.compile(r"^(account|mfa|socialaccount)/|^(400|403|404|429|500)\.html$")
FORBIDDEN_IN_TEMPLATES = {
    "style attribute": re.compile(r"\sstyle\s*=", re.I),
    "inline event handler": re.compile(r"\son[a-z]+\s*=", re.I),
    "hx-on": re.compile(r"\s(data-)?hx-on\b", re.I),
    "inline script": re.compile(r"<script(?![^>]*\ssrc=)", re.I),
    "inline stylesheet": re.compile(r"<style\b", re.I),
    "unescaped value": re.compile(r"\|\s*safe\b|autoescape\s+off"),
    "link to nowhere": re.compile(r'href="(#|javascript:[^"]*)"', re.I),
    "address of another host": re.compile(r"""(src|href|action)=["'](https?:)?//""", re.I),
}


def name_of(path: Path) -> str:
    """Return a path as people write it."""
    return path.relative_to(ROOT).as_posix()


def without_comments(text: str) -> str:
    """Return a template without `{# … #}` and `{% comment %}`."""
    return re.sub(r"\{#.*?#\}|\{% comment .*?endcomment %\}", "", text, flags=re.S)


@pytest.mark.parametrize("path", [*PYTHON, *TEMPLATES, *OWN_ASSETS], ids=name_of)
def test_file_is_not_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_template_has_nothing_inline(path: Path) -> None:
    text = without_comments(path.read_text())

    found = {rule: match[0] for rule, pattern in FORBIDDEN_IN_TEMPLATES.items() if (match := pattern.search(text))}

    assert found == {}


def test_inline_rules_find_what_they_forbid() -> None:
    guilty = [
        '<p style="color: red">',
        '<button onclick="go()">',
        '<form hx-on:submit="go()">',
        "<script>go()</script>",
        "<style>p{}</style>",
        "{{ nickname|safe }}",
        '<a href="#">',
        '<img src="//cdn.example.com/x.png">',
    ]

    found = [next(rule for rule, pattern in FORBIDDEN_IN_TEMPLATES.items() if pattern.search(text)) for text in guilty]

    assert found == list(FORBIDDEN_IN_TEMPLATES)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_template_says_what_it_takes(path: Path) -> None:
    first = path.read_text().split("\n", 1)[0]

    assert re.match(r"\{# .*\.(.* )?#\}$", first), f"First line: {first}"


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_module_says_what_it_is_for(path: Path) -> None:
    words = ast.get_docstring(ast.parse(path.read_text()))

    assert words or path.read_text() == ""


def test_every_template_is_used() -> None:
    sources = {path: path.read_text() for path in [*PYTHON, *TEMPLATES]}

    unused = [
        name
        for template in TEMPLATES
        if not NAMED_ELSEWHERE.search(name := template.relative_to(ROOT / "templates").as_posix())
        and not any(name in text for path, text in sources.items() if path != template)
    ]

    assert unused == []


def test_every_icon_is_in_the_sprite() -> None:
    named = re.compile(r"""{%\s*icon\s+"([a-z0-9-]+)"|icon="([a-z0-9-]+)"|# icon: ([a-z0-9-]+)""")
    files = [*TEMPLATES, *(path for path in PYTHON if path.is_relative_to(ROOT / "phones"))]
    used = {next(filter(None, match.groups())) for path in files for match in named.finditer(path.read_text())}
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/desk/icons.svg").read_text()))

    assert used - sprite == set()
    assert used != set()


def _calls_and_handlers(path: Path) -> Iterator[str]:
    """Yield the forbidden things of a module, with their lines."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            if caught in {"everything", "Exception", "BaseException"}:
                yield f"line {node.lineno}: catches {caught}"
        if isinstance(node, ast.keyword) and node.arg == "verify" and ast.unparse(node.value) == "False":
            yield f"line {node.value.lineno}: verify=False"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("mark_safe", ".raw", ".extra")):
            yield f"line {node.lineno}: {ast.unparse(node.func)}"


@pytest.mark.parametrize("path", [path for path in PYTHON if "tests" not in path.parts], ids=name_of)
def test_module_does_nothing_forbidden(path: Path) -> None:
    assert list(_calls_and_handlers(path)) == []


def test_forbidden_things_are_found(tmp_path: Path) -> None:
    guilty = tmp_path / "guilty.py"
    guilty.write_text("try:\n    get(verify=False)\nexcept Exception:\n    mark_safe(x)\n")

    assert sorted(_calls_and_handlers(guilty)) == [
        "line 2: verify=False",
        "line 3: catches Exception",
        "line 4: mark_safe",
    ]


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_module_name_says_something(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "common", "misc"}
