"""A push parser of the parts of a workbook: XML that is read piece by piece."""

from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from phones.services.tables.workbooks.rows import CELL_LENGTH, Huge

PIECE = 64 * 1024


class Parser:
    """A push parser of XML without a document type, which could multiply entities."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._texts: list[str] = []
        self._length = 0
        self._is_reading = False
        # How deep in the reading aid of a Japanese text, which is no part of it.
        self._aside = 0

    def feed(self, file: IO[bytes]) -> Iterator[None]:
        """Parse a file piece by piece, and yield after each."""
        while piece := file.read(PIECE):
            self._parser.Parse(piece)
            yield
        self._parser.Parse(b"", True)
        yield

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2] if ":" in tag else tag
        if tag == "rPh":
            self._aside += 1
        elif tag in {"t", "v"}:
            self._is_reading = not self._aside
        self.start(tag, attributes)

    def _end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2] if ":" in tag else tag
        if tag == "rPh":
            self._aside -= 1
        elif tag in {"t", "v"}:
            self._is_reading = False
        self.end(tag)

    def _text(self, text: str) -> None:
        if self._is_reading:
            self._texts.append(text)
            self._length += len(text)
            if self._length > CELL_LENGTH:
                raise Huge

    def _refuse(self, *_about: object) -> None:
        raise ValueError("The part has a document type")

    def taken(self) -> str:
        """Return the text since the last call."""
        text = "".join(self._texts)
        self._texts, self._length = [], 0
        return text

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin an element; the tag has no prefix."""

    def end(self, tag: str) -> None:
        """End an element."""
