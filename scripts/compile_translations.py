"""Compile translations: `compile_translations.py FILE.po …` writes FILE.mo beside each. No msgfmt is needed."""

import ast
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

MAGIC = 0x950412DE
KEYWORD = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d+)\])? +(".*")')


def entries(text: str) -> Iterator[dict[str, str]]:
    """Yield the entries of a .po by keyword (`msgstr0`, `msgstr1` … for plurals), without fuzzy ones.

    :raises ValueError: a line is neither a comment, nor a keyword, nor a quoted text.
    """
    for block in re.split(r"\n(?:[ \t]*\n)+", text):
        entry: dict[str, str] = {}
        is_fuzzy, keyword = False, ""
        for line in block.splitlines():
            if line.startswith("#"):
                is_fuzzy |= line.startswith("#,") and "fuzzy" in line
                continue
            match = KEYWORD.fullmatch(line)
            if match:
                keyword, quoted = match[1] + (match[2] or ""), match[3]
            elif keyword and line.startswith('"'):
                quoted = line
            elif line:
                raise ValueError(f"Not a line of a .po file: {line}")
            else:
                continue
            entry[keyword] = entry.get(keyword, "") + ast.literal_eval(quoted)
        if entry and not is_fuzzy:
            yield entry


def translations(text: str) -> dict[str, str]:
    """Return the content of a .mo: the translations by context, text and plural, without missing ones."""
    found = {}
    for entry in entries(text):
        source = entry["msgid"]
        if "msgctxt" in entry:
            source = f"{entry['msgctxt']}\x04{source}"
        target = entry.get("msgstr", "")
        if "msgid_plural" in entry:
            source = f"{source}\0{entry['msgid_plural']}"
            target = "\0".join(entry[f"msgstr{number}"] for number in range(sum("msgstr" in name for name in entry)))
        if target.strip("\0"):
            found[source] = target
    return found


def packed(messages: dict[str, str]) -> bytes:
    """Return the bytes of a .mo: a header, two sorted tables of lengths and offsets, and the texts, each ended by 0."""
    pairs = sorted((source.encode(), target.encode()) for source, target in messages.items())
    count = len(pairs)
    tables, texts = b"", b""
    start = 28 + 16 * count
    for column in (0, 1):
        for pair in pairs:
            tables += struct.pack("<II", len(pair[column]), start + len(texts))
            texts += pair[column] + b"\0"
    return struct.pack("<7I", MAGIC, 0, count, 28, 28 + 8 * count, 0, 0) + tables + texts


def compile_file(source: Path) -> None:
    """Write the .mo of a .po; fuzzy translations are left out."""
    draft = source.with_suffix(".mo.draft")
    draft.write_bytes(packed(translations(source.read_text(encoding="utf-8"))))
    draft.replace(source.with_suffix(".mo"))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        compile_file(Path(name))
