"""Encodings that a file doesn't tell: what the cells of known numbers ought to say decides, else what looks right."""

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phones.models import Project
from phones.services.exchange.import_columns import is_head
from phones.services.routing.catalogue import Catalogue
from phones.services.tables.encodings import _sample, encodings_of_bytes, encodings_of_utf8
from phones.services.tables.limits import NotATable
from phones.services.tables.read import read_table
from tests.support.database.north import RECEPTION, add_phone, catalogue, north
from tests.support.files.uploads import draft_of, wishes

__all__ = ["catalogue", "north"]

NAMES = ["Recepción Málaga", "Citas España", "Óptica Córdoba", "Dental Ñ"]


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "mac_roman", "cp850", "cp437", "latin-1"])
def test_edit_beside_untouched_cells_is_read_in_their_encoding(
    north: Project, catalogue: Catalogue, codec: str
) -> None:
    for place, name in enumerate(NAMES):
        add_phone(north, f"+3495120180{place}", name)
    lines = [f"95120180{place};{name}" for place, name in enumerate([*NAMES[:3], "Logopedia Niño"])]

    draft = draft_of(north, "\n".join(["número;alias", *lines]).encode(codec, "replace"))

    assert wishes(draft) == {5: {"nickname": "Logopedia Niño"}}


@pytest.mark.parametrize("codec", ["utf-8", "cp1252"])
def test_file_without_a_known_text_is_read_as_it_looks(north: Project, catalogue: Catalogue, codec: str) -> None:
    add_phone(north, "+34951201800", "old")

    assert wishes(draft_of(north, "number;nickname\n951201800;Recepción".encode(codec))) == {
        2: {"nickname": "Recepción"}
    }


def test_file_of_which_nobody_knows_the_encoding_is_refused(north: Project, catalogue: Catalogue) -> None:
    add_phone(north, "+34951201800", "old")

    with pytest.raises(NotATable, match=r"The file doesn’t say in which encoding it was saved"):
        draft_of(north, b"number;nickname\n951201800;Espa\x96a\n")


def test_line_ends_of_an_old_mac_stand_for_its_encoding(north: Project, catalogue: Catalogue) -> None:
    add_phone(north, "+34951201800", "old")

    draft = draft_of(north, b"number;nickname\r951201800;Espa\x96a\r")

    assert wishes(draft) == {2: {"nickname": "España"}}
    assert {"code": "encoding", "name": "MacRoman"} in draft.notes


def test_one_stray_byte_is_no_other_encoding(north: Project, catalogue: Catalogue) -> None:
    for place, name in enumerate(NAMES):
        add_phone(north, f"+3495120180{place}", name)
    data = "\n".join(f"95120180{place};{name}" for place, name in enumerate(NAMES)).encode()

    draft = draft_of(north, b"number;nickname;note\n" + data + b";\x96\n")

    assert (draft.rows, draft.problems) == ([], [])


def test_file_that_was_put_together_of_two_changes_nothing(north: Project, catalogue: Catalogue) -> None:
    for place, name in enumerate(NAMES):
        add_phone(north, f"+3495120180{place}", name)
    lines = [f"95120180{place};{name}\n" for place, name in enumerate(NAMES)]

    data = "".join(lines[:2]).encode("cp1252") + "".join(lines[2:]).encode("cp850")

    assert draft_of(north, b"number;nickname\n" + data).rows == []


@pytest.mark.parametrize("wrong", ["cp1252", "mac_roman", "cp850", "cp437"])
@pytest.mark.parametrize("times", [1, 2])
def test_file_that_was_read_wrongly_and_saved_again_changes_nothing(
    north: Project, catalogue: Catalogue, wrong: str, times: int
) -> None:
    names = [*NAMES, "Óptica – Córdoba", "Sala “Sur”"]
    for place, name in enumerate(names):
        add_phone(north, f"+3495120180{place}", name, inbound_agent_id=RECEPTION)
    text = "number;nickname;inbound_agent\n" + "".join(
        f"95120180{place};{name};Alicia Recepción\n" for place, name in enumerate(names)
    )
    for _time in range(times):
        text = text.encode().decode(wrong, "replace")

    draft = draft_of(north, text)

    assert (draft.rows, draft.problems) == ([], [])


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=4096))
def test_any_bytes_have_their_encodings_in_no_time(data: bytes) -> None:
    started = time.perf_counter()
    for encoding in (*encodings_of_bytes(data), *encodings_of_utf8(data)):
        encoding.decode(data.decode("latin-1"))

    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "piece",
    [b'"', b'\\"', b",", b"\r", b"\xc3", b"\xf1", b"a;", b"'", b"sep=", b"#N/A;", b"1E5;", b" ", b"\xe2\x80\x8d", b"?"],
)
def test_files_of_one_piece_repeated_take_no_time(north: Project, catalogue: Catalogue, piece: bytes) -> None:
    add_phone(north, "+34951201800", "新宿" * 40)
    body = piece * (60_000 // len(piece))

    started = time.perf_counter()
    for data in (body, b"number;nickname\n951201800;" + body, b"number;nickname\n" + b"951201800;x\n" * 10 + body):
        try:
            draft_of(north, read_table(data, "list.csv", is_head=is_head))
        except NotATable:
            continue

    # 180 kB at less than 50 ms a kilobyte, on a machine that has other things to do.
    assert time.perf_counter() - started < 9


def test_sample_of_a_large_file_takes_no_room() -> None:
    data = b"9;a\r9;\x96\r" * 2_000_000
    tracemalloc.start()

    _sample(data)

    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(data) / 2


@pytest.mark.parametrize(
    ("data", "sample"),
    [
        (b"a\nb\xf3\nc\n\xf1d\re", b"b\xf3\n\xf1d"),
        (b"abc", b""),
        (b"\xf3", b"\xf3"),
        (b"a\r\n\xf3b\r\nc", b"\xf3b"),
    ],
)
def test_sample_is_the_lines_that_tell_an_encoding(data: bytes, sample: bytes) -> None:
    assert _sample(data) == sample
