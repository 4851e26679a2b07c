"""Names as a list."""

import pytest

from phones.wording.projects.people import words_for_names


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ""),
        (["Ana"], "Ana"),
        (list("abcde"), "a, b, c, d, e"),
        (list("abcdefg"), "a, b, c, d, e and 2 more"),
    ],
)
def test_names_are_listed_and_the_rest_counted(names: list[str], expected: str) -> None:
    assert words_for_names(names) == expected
