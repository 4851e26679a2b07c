"""Rules of the house that a machine can check, each in a few lines."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from tests.conftest import CRAWL, SAME_ON_BOTH, SLOW

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sorted(
    path
    for folder in ("dashboard", "phones", "scripts", "tests", "bench")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
# What is no test: benchmarks and scripts, too.
PRODUCT = [path for path in PYTHON if "tests" not in path.relative_to(ROOT).parts]
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


def guilty_of(rule: Callable[[Path], object], paths: Iterable[Path]) -> dict[str, object]:
    """Return the files that break a rule, each with what the rule says of it."""
    assert paths
    return {name_of(path): found for path in paths if (found := rule(path))}


@cache
def text_of(path: Path) -> str:
    """Return what a file holds."""
    return path.read_text()


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax of a module."""
    return ast.parse(text_of(path))


def test_no_file_is_longer_than_400_lines() -> None:
    def rule(path: Path) -> int:
        count = len(text_of(path).splitlines())
        return count if count > 400 else 0

    assert guilty_of(rule, [*PYTHON, *TEMPLATES, *OWN_ASSETS]) == {}


def _inline_things(path: Path) -> list[str]:
    text = without_comments(text_of(path))
    return [
        f"{rule}: {match[0]}" for rule, pattern in FORBIDDEN_IN_TEMPLATES.items() if (match := pattern.search(text))
    ]


GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "npgettext"}


def _translated_within_formatting(path: Path) -> list[str]:
    formatted = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.JoinedStr)]
    calls = [node for part in formatted for node in ast.walk(part) if isinstance(node, ast.Call)]
    return [ast.unparse(call) for call in calls if isinstance(call.func, ast.Name) and call.func.id in GETTEXT]


def test_nothing_is_translated_within_an_f_string() -> None:
    # Before Python 3.12 extraction finds no text there: it would stay English, and no test of the catalogue would tell.
    assert guilty_of(_translated_within_formatting, PRODUCT) == {}


def test_translation_within_an_f_string_is_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("words = f\"{_('No news.')} {text}\"")

    assert _translated_within_formatting(module) == ["_('No news.')"]


def test_no_template_has_anything_inline() -> None:
    assert guilty_of(_inline_things, TEMPLATES) == {}


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


def test_no_script_makes_markup_of_text() -> None:
    makes = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|\bFunction\(")

    def rule(path: Path) -> list[str]:
        return makes.findall(text_of(path))

    assert guilty_of(rule, [path for path in OWN_ASSETS if path.suffix == ".js"]) == {}
    assert makes.findall("row.innerHTML = text; eval(text)") == ["innerHTML", "eval("]


def test_every_template_says_what_it_takes() -> None:
    def rule(path: Path) -> str:
        first = text_of(path).split("\n", 1)[0]
        return "" if re.match(r"\{# .*\.(.* )?#\}$", first) else f"First line: {first}"

    assert guilty_of(rule, TEMPLATES) == {}


def test_every_module_says_what_it_is_for() -> None:
    assert guilty_of(lambda path: text_of(path) and not ast.get_docstring(tree_of(path)), PYTHON) == {}


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
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            if caught in {"everything", "Exception", "BaseException"}:
                yield f"line {node.lineno}: catches {caught}"
        if isinstance(node, ast.keyword) and node.arg == "verify" and ast.unparse(node.value) == "False":
            yield f"line {node.value.lineno}: verify=False"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("mark_safe", ".raw", ".extra")):
            yield f"line {node.lineno}: {ast.unparse(node.func)}"


def test_no_module_does_anything_forbidden() -> None:
    assert guilty_of(lambda path: list(_calls_and_handlers(path)), PRODUCT) == {}


def test_forbidden_things_are_found(tmp_path: Path) -> None:
    guilty = tmp_path / "guilty.py"
    guilty.write_text("try:\n    get(verify=False)\nexcept Exception:\n    mark_safe(x)\n")

    assert sorted(_calls_and_handlers(guilty)) == [
        "line 2: verify=False",
        "line 3: catches Exception",
        "line 4: mark_safe",
    ]


def test_every_name_of_a_module_says_something() -> None:
    assert guilty_of(lambda path: path.stem in {"utils", "helpers", "common", "misc"}, PYTHON) == {}


def _imports(path: Path) -> Iterator[str]:
    """Yield what a module imports, names included, from anywhere in it."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _imports_like(pattern: str) -> Callable[[Path], list[str]]:
    return lambda path: [name for name in _imports(path) if re.match(pattern, name)]


def test_no_module_imports_a_test_module() -> None:
    assert guilty_of(_imports_like(r"tests(\.\w+)*\.test_"), PYTHON) == {}


def test_no_module_outside_of_tests_imports_any_of_them() -> None:
    assert guilty_of(_imports_like(r"tests\b"), PRODUCT) == {}


def test_imports_are_found(tmp_path: Path) -> None:
    guilty = tmp_path / "guilty.py"
    guilty.write_text("import tests.views.test_csrf\ndef late():\n    from tests.views import test_access\n")

    assert list(_imports(guilty)) == ["tests.views.test_csrf", "tests.views.test_access"]


def test_modules_that_are_told_apart_are_there() -> None:
    prefixes = [prefix for prefix in SAME_ON_BOTH if not any(name_of(path).startswith(prefix) for path in PYTHON)]

    assert (prefixes, [path for path in (*SLOW, CRAWL) if not (ROOT / path).exists()]) == ([], [])


def test_no_folder_is_crowded() -> None:
    counts = Counter(path.parent for path in [*PYTHON, *TEMPLATES])

    assert {name_of(folder): count for folder, count in counts.items() if count > 15} == {}
