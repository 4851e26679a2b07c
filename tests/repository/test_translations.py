"""The Spanish catalogue: complete, faithful to its source, and what a person who wants it gets."""

import gettext
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import allauth
import django.conf
import django.contrib.auth
import pytest
from babel.messages import Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation.template import templatize
from lxml import html

from scripts.compile_translations import compile_file, entries
from tests.fixtures.spanish import ROOT, SOURCE, SPOKEN, catalogue, forms, messages

KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}|%%|</?[a-z]+>")
# Words of a template that are the same in every language.
SAME = {"Phone Desk", "min", "ms"}
# The words Diga itself uses in Spanish; support staff see both dashboards side by side.
DIGA_SAYS = {
    "Agents": "Agentes",
    "Assigned": "Asignado",
    "Draft": "Borrador",
    "Finished": "Finalizado",
    "Own number": "Personalizado",
    "In quarantine": "En cuarentena",
    "Inbound agent": "Agente entrante",
    "Alias": "Alias",
    "Number": "Número",
    "Outbound agent": "Agente saliente",
    "Pending verification": "Pendiente de verificación",
    "Provider": "Proveedor",
    "Published": "Publicada",
    "Reserved": "Reservado",
    "draft": "borrador",
}
Key = tuple[str | None, str]


def _key(message: Message) -> Key:
    return message.context, forms(message.id)[0]


def _found_in(code: str) -> Iterator[Key]:
    for _line, ids, _comments, context in extract("python", io.BytesIO(code.encode()), KEYWORDS):
        yield context, forms(ids)[0]


def _template_code(path: Path) -> str:
    """Return a template as calls of gettext. Without its indentation, which is none of Python's."""
    return "\n".join(line.strip() for line in templatize(path.read_text(), origin=str(path)).splitlines())


def _sources() -> dict[Key, str]:
    """Return what our code asks to be translated, and a file that does."""
    found: dict[Key, str] = {}
    for folder in ("dashboard", "phones"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found |= dict.fromkeys(_found_in(path.read_text()), str(path.relative_to(ROOT)))
    for path in _templates():
        found |= dict.fromkeys(_found_in(_template_code(path)), str(path.relative_to(ROOT)))
    return found


def _templates() -> list[Path]:
    return sorted(path for path in (ROOT / "templates").rglob("*.*") if path.suffix in {".html", ".txt"})


def _of_libraries() -> set[Key]:
    """Return the texts of Django's and allauth's own Spanish catalogues, which address people more formally than we."""
    roots = [Path(str(library.__file__)).parent for library in (django.conf, django.contrib.auth, allauth)]
    texts = [(root / "locale/es/LC_MESSAGES/django.po").read_text() for root in roots]
    return {(entry.get("msgctxt"), entry["msgid"]) for text in texts for entry in entries(text)}


def test_catalogue_holds_what_the_code_asks_for_and_nothing_else() -> None:
    sources, translated = _sources(), {_key(message) for message in messages()}

    missing = {key: path for key, path in sources.items() if key not in translated}
    assert missing == {}
    assert translated - set(sources) - _of_libraries() == set()
    assert len(sources) > 400
    assert (None, "Alias") in sources
    assert ("age", "Checked") in sources


def test_catalogue_is_translated_throughout() -> None:
    spanish = catalogue()

    empty = [message.id for message in messages() if not all(forms(message.string))]
    assert empty == []
    assert [message.id for message in spanish if message.fuzzy] == []
    assert [message.id for message in spanish.obsolete.values()] == []
    assert (spanish.num_plurals, spanish.plural_expr, spanish.charset) == (2, "(n != 1)", "utf-8")
    assert not re.search(r"(?m)\S@\S|/home/|^#:", SOURCE.read_text())


ODD_CATALOGUE = r"""
msgid ""
msgstr ""
"Language: es\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

# A remark.
#, python-format
msgid "%(count)s number"
msgid_plural "%(count)s numbers"
msgstr[0] "%(count)s número"
msgstr[1] ""
"%(count)s "
"números"

msgctxt "age"
msgid "Read"
msgstr "Leído"

msgid "Read"
msgstr "Leer “\"todo\"”,\ttú\n"

#, fuzzy
msgid "Guessed"
msgstr "Adivinado"

msgid "Not yet"
msgstr ""

#~ msgid "Gone"
#~ msgstr "Ido"
"""


@pytest.mark.parametrize("text", [ODD_CATALOGUE, SOURCE.read_text()], ids=["odd", "ours"])
def test_catalogue_is_compiled_as_babel_does_it(text: str, tmp_path: Path) -> None:
    source, expected = tmp_path / "django.po", io.BytesIO()
    source.write_text(text)
    write_mo(expected, read_po(io.StringIO(text), locale="es", abort_invalid=True))
    expected.seek(0)

    compile_file(source)

    ours, theirs = (
        gettext.GNUTranslations(file) for file in (io.BytesIO(source.with_suffix(".mo").read_bytes()), expected)
    )
    assert {**vars(ours)["_catalog"], "": ""} == {**vars(theirs)["_catalog"], "": ""}
    assert ours.ngettext("%(count)s number", "%(count)s numbers", 2) == theirs.ngettext(
        "%(count)s number", "%(count)s numbers", 2
    )


@pytest.mark.parametrize("line", ["msgstr no quotes", 'msgd "A typo"', '"A text of nothing"'])
def test_catalogue_that_is_spoilt_is_not_compiled(line: str, tmp_path: Path) -> None:
    source = tmp_path / "django.po"
    source.write_text(line)

    with pytest.raises(ValueError, match=r"Not a line of a \.po file"):
        compile_file(source)

    assert not source.with_suffix(".mo").exists()


def test_translations_keep_placeholders_and_markup() -> None:
    def parts(text: str) -> list[str]:
        return sorted(PLACEHOLDER.findall(text))

    for message in messages():
        for source, translation in zip(forms(message.id), forms(message.string), strict=True):
            assert parts(translation) == parts(source), translation
            assert not re.search("['\"«»]", translation), f"Quotes are “these”: {translation}"
            assert translation[-1:] in ".:…?" or source[-1:] not in ".:…?", translation


def test_translations_use_the_words_of_diga() -> None:
    spanish = catalogue()

    assert {source: spanish[source].string for source in DIGA_SAYS} == DIGA_SAYS


def test_templates_hold_no_words_outside_a_translation() -> None:
    tag, block = r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", r"\{% blocktranslate.*?%\}.*?\{% endblocktranslate %\}"
    bare: list[tuple[str, str]] = []

    for path in _templates():
        text = re.sub(f"{block}|{tag}", " ", path.read_text(), flags=re.DOTALL)
        spoken = re.findall(rf'\b(?:{"|".join(SPOKEN)})="([^"]*)"', text)
        shown = re.sub(r'<[^>]*>|[\w-]+="[^"]*"', "\n", text).splitlines()
        bare += [(path.name, word.strip(" ·:")) for word in [*shown, *spoken] if re.search(r"[^\W\d_]", word)]

    assert [found for found in bare if found[1] not in SAME] == []


def test_attributes_that_templates_translate_are_looked_at_in_pages() -> None:
    attribute = r'([\w-]+)="[^"{]*\{% (?:block)?translate '

    found = {name for path in _templates() for name in re.findall(attribute, path.read_text())}

    assert found - set(SPOKEN) == set()
    assert "data-lost-saving" in found


@pytest.mark.parametrize(
    ("browser", "chosen", "words"),
    [("en-GB", "es", "Tu cuenta"), ("es-ES", "en", "Your account")],
)
def test_own_choice_of_language_wins_over_the_browser(
    browser: str,
    chosen: str,
    words: str,
    viewer: User,
    client_of: Callable[[User], Client],
    fresh_spanish: None,
) -> None:
    client, asking = client_of(viewer), {"Accept-Language": browser}

    before = html.fromstring(client.get("/account/", headers=asking).content)
    client.post("/account/language/", {"language": chosen, "next": "/account/"}, headers=asking)
    after = html.fromstring(client.get("/account/", headers=asking).content)

    assert (before.get("lang"), after.get("lang")) == (browser[:2], chosen)
    assert after.xpath("string(//h1)") == words
    assert after.xpath('//button[@aria-pressed="true"]/@value') == [chosen]


def test_choice_of_language_outlives_signing_out(
    viewer: User, client_of: Callable[[User], Client], fresh_spanish: None
) -> None:
    client = client_of(viewer)

    client.post("/account/language/", {"language": "es", "next": "/account/"})
    client.post("/account/logout/")

    page = html.fromstring(client.get("/account/login/", headers={"Accept-Language": "en"}).content)
    assert page.get("lang") == "es"
