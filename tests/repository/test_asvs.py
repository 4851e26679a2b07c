"""The table of OWASP ASVS 5.0.0: each requirement of its levels 1 and 2, with tests that exist, or a decision."""

import ast
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TABLE: dict[str, Any] = tomllib.loads((ROOT / "tests/data/asvs.toml").read_text())
ROWS: list[dict[str, Any]] = TABLE["row"]
# How many requirements of both levels the chapters of 5.0.0 have, from V1 to V17.
COUNTS = [27, 11, 19, 10, 9, 35, 18, 7, 7, 29, 14, 9, 13, 9, 13, 16, 7]
LEVEL_1_COUNT = 70


def places(of: str) -> tuple[int, ...]:
    """Return the numbers of an id, by which ids are in the order of the chapters."""
    return tuple(int(part) for part in of.removeprefix("V").split("."))


@cache
def functions_in(path: Path) -> set[str]:
    """Return the names of the test functions of a module; none where there is no such file."""
    body = ast.parse(path.read_text()).body if path.is_file() else []
    return {node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_requirement_is_listed() -> None:
    listed = {level: TABLE[f"level_{level}"].split() for level in (1, 2)}
    ids = [*listed[1], *listed[2]]

    assert [count for _chapter, count in sorted(Counter(places(one)[0] for one in ids).items())] == COUNTS
    assert (len(listed[1]), len(set(ids))) == (LEVEL_1_COUNT, sum(COUNTS))


def test_every_requirement_has_its_row_in_order() -> None:
    wanted = [(f"V{one}", level) for level in (1, 2) for one in TABLE[f"level_{level}"].split()]

    assert [(row["id"], row["level"]) for row in ROWS] == sorted(wanted, key=lambda row: places(row[0]))


def test_every_row_says_what_settles_it() -> None:
    known = {"id", "level", "title", "applies", "open", "tests", "decision"}
    odd = [
        row["id"]
        for row in ROWS
        if not known >= row.keys() >= {"title", "applies"}
        or len(row["title"].split()) > 10
        # What doesn't apply has a reason and nothing to show.
        or not (row.get("decision") or (row["applies"] and row.get("tests")))
        or (row.get("tests") and not row["applies"])
    ]

    assert odd == []


def test_every_named_test_exists() -> None:
    named = sorted({name for row in ROWS for name in row.get("tests", [])})

    assert [one for one in named if one.split("::")[1] not in functions_in(ROOT / one.split("::")[0])] == []
    assert len(named) > 100


def test_no_row_is_open() -> None:
    assert [f"{row['id']}: {row['decision']}" for row in ROWS if "open" in row] == []
