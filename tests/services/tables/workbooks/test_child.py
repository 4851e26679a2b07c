"""The process that reads workbooks: whatever is in a file of the largest size, it takes little memory."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from phones.services.tables.workbooks import child
from phones.services.tables.workbooks.reader import ROOT
from tests.support.files.workbooks import repacked, workbook

PEAK_MB = 150
MEASURED = """
import re, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from phones.services.tables.workbooks.child import main
code = main()
# Not of getrusage: a new process has its parent's peak there.
sys.stderr.write(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
sys.exit(code)
"""
TEXT = b'<row><c t="inlineStr"><is><t>%s</t></is></c></row>'


def sheet(rows: bytes) -> bytes:
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return repacked(workbook(("x",)), sheet1=b"<worksheet %s><sheetData>%s</sheetData></worksheet>" % (space, rows))


def shared(texts: bytes) -> bytes:
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return repacked(workbook(("x",)), sharedStrings=b"<sst %s>%s</sst>" % (space, texts))


def open_document(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return file.getvalue()


MERGED = b"</sheetData><mergeCells>" + b'<mergeCell ref="A1:AL20000"/>' * 2000 + b"</mergeCells><sheetData>"
SPACES = b'xmlns:office="o" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="t"'
REPEATED = (
    b"<office:document-content %s><office:body><office:spreadsheet><table:table table:name='a'>"
    b"<table:table-row table:number-rows-repeated='100000'><table:table-cell table:number-columns-repeated='900' "
    b"office:value-type='float' office:value='1'/></table:table-row></table:table></office:spreadsheet></office:body>"
    b"</office:document-content>" % SPACES
)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda: sheet(TEXT % (b"a" * 20_000_000)), child.HUGE, id="one long cell"),
        pytest.param(lambda: sheet((b"<row>" + b"<c><v>1</v></c>" * 1001 + b"</row>") * 50), child.HUGE, id="wide"),
        pytest.param(lambda: shared(b"<si><t>%s</t></si>" % (b"a" * 90_000) * 1700), child.HUGE, id="shared texts"),
        pytest.param(lambda: sheet(TEXT % (b"a" * 1000) * 20_000), 0, id="many long cells"),
        pytest.param(lambda: sheet(b'<row r="1"/><row r="1000000"><c r="ALK1000000"><v>1</v></c></row>'), 0, id="far"),
        pytest.param(lambda: sheet(b"<row><c><v>1</v></c></row>" + MERGED), child.HUGE, id="merged over each other"),
        pytest.param(lambda: open_document(REPEATED), child.HUGE, id="repeated cells of OpenDocument"),
        pytest.param(lambda: b"<table><tr>" + b"<td>" * 5_000_000, child.HUGE, id="cells of a page"),
        pytest.param(lambda: b"<table><td>" + b"a" * 20_000_000, child.HUGE, id="long cell of a page"),
        pytest.param(lambda: b"<" + b"a" * 20_000_000, child.HUGE, id="endless tag"),
    ],
)
def test_no_file_takes_much_memory(make: Callable[[], bytes], code: int, tmp_path: Path) -> None:
    data = make()
    assert len(data) < 21_000_000

    file = tmp_path / "file"
    file.write_bytes(data)
    with file.open("rb") as sent:
        done = subprocess.run(
            [sys.executable, "-I", "-c", MEASURED, str(ROOT)], stdin=sent, capture_output=True, check=False
        )

    # Ended by a signal, it was refused memory.
    assert (done.returncode if done.returncode >= 0 else child.HUGE) == code
    assert done.returncode < 0 or int(done.stderr) < 1024 * PEAK_MB
