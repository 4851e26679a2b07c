"""Pages for people, as tests read them: tables, code type, paths, and what modules define."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = tuple(f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))


def code_of(page: Path) -> list[str]:
    """Return what stands in code type on a page, and the words of its blocks of code."""
    text = page.read_text()
    blocks = re.findall(r"^```text\n(.*?)^```", text, re.M | re.S)
    outside = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", outside) + [word for block in blocks for word in block.split()]


def table(page: str, head: str) -> list[list[str]]:
    """Return the rows of the table on a page of `docs/` whose first column is called `head`."""
    lines = (ROOT / "docs" / page).read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {head} |"))
    rows: list[list[str]] = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def bare(cell: str) -> str:
    """Return a cell without its code type."""
    return cell.strip("`")


def paths_of(page: Path) -> list[tuple[str, str]]:
    """Return the paths on a page, each with the name after its colon, or ""."""
    written = re.compile(r"(?P<path>[\w.\-/]+)(:(?P<name>[\w.]+)( = [\w.]+)?)?")
    found = [match for code in code_of(page) if (match := written.fullmatch(code))]
    return [(match["path"], match["name"] or "") for match in found if match["path"].startswith(FOLDERS)]


def values_in(path: Path) -> Iterator[tuple[str, object]]:
    """Yield what a module defines, by dotted name, with the value of what is a plain constant."""
    for node in ast.parse(path.read_text()).body:
        for name, inner in _defined(node):
            yield name, _constant(node)
            for part in getattr(node, "body", []) if isinstance(inner, ast.ClassDef) else []:
                yield from ((f"{name}.{own}", _constant(part)) for own, _node in _defined(part))


def _defined(node: ast.AST) -> list[tuple[str, ast.AST]]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [(node.name, node)]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [(target.id, node) for target in targets if isinstance(target, ast.Name)]


def _constant(node: ast.AST) -> object:
    value = getattr(node, "value", None)
    return value.value if isinstance(value, ast.Constant) else None
