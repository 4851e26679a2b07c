"""Compile translations: `compile_translations.py FILE.po …` writes FILE.mo beside each. No msgfmt is needed."""

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_file(source: Path) -> None:
    """Write the .mo of a .po; fuzzy translations are left out."""
    with source.open("rb") as file:
        catalog = read_po(file, locale=source.parents[1].name, domain=source.stem, abort_invalid=True)
    draft = source.with_suffix(".mo.draft")
    with draft.open("wb") as file:
        write_mo(file, catalog)
    draft.replace(source.with_suffix(".mo"))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        compile_file(Path(name))
