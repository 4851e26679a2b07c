"""The Spanish of the site: complete, faithful to its source, and what a person who wants it really sees."""

import io
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation.template import templatize
from lxml import html
from pytest_django import Settings

from phones.diga.sandbox import Sandbox
from phones.models import Change, Membership, Phone, Project, SyncRun
from scripts.compile_translations import compile_file

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "locale/es/LC_MESSAGES/django.po"
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}|%%|</?[a-z]+>")
SPOKEN = ("aria-label", "alt", "label", "placeholder", "title", "data-copied", "data-leave", "data-lost")
# Words of a template that are the same in every language.
NAMES = {"Phone Desk", "min"}
# The words Diga itself uses in Spanish; support staff see both dashboards side by side.
DIGA_SAYS = {
    "Agents": "Agentes",
    "Assigned": "Asignado",
    "Finished": "Finalizado",
    "Imported": "Personalizado",
    "In quarantine": "En cuarentena",
    "Inbound agent": "Agente entrante",
    "Nickname": "Alias",
    "Number": "Número",
    "Outbound agent": "Agente saliente",
    "Pending verification": "Pendiente de verificación",
    "Provider": "Proveedor",
    "Published": "Publicada",
    "Reserved": "Reservado",
    "draft": "borrador",
}
Key = tuple[str | None, str]


def _catalogue() -> Catalog:
    with SOURCE.open("rb") as file:
        return read_po(file, locale="es", abort_invalid=True)


def _messages() -> list[Message]:
    return [message for message in _catalogue() if message.id]


def _forms(texts: object) -> tuple[str, ...]:
    """Return the singular and the plural, or the only form."""
    return tuple(texts) if isinstance(texts, (tuple, list)) else (str(texts),)


def _key(message: Message) -> Key:
    return message.context, _forms(message.id)[0]


def _found_in(code: str) -> Iterator[Key]:
    for _line, ids, _comments, context in extract("python", io.BytesIO(code.encode()), KEYWORDS):
        yield context, _forms(ids)[0]


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


def test_catalogue_holds_what_the_code_asks_for_and_nothing_else() -> None:
    sources, translated = _sources(), {_key(message) for message in _messages()}

    missing = {key: path for key, path in sources.items() if key not in translated}
    assert missing == {}
    assert translated - set(sources) == set()
    assert len(sources) > 400
    assert (None, "Nickname") in sources
    assert ("age", "Read") in sources


def test_catalogue_is_translated_throughout() -> None:
    catalogue = _catalogue()

    empty = [message.id for message in _messages() if not all(_forms(message.string))]
    assert empty == []
    assert [message.id for message in catalogue if message.fuzzy] == []
    assert [message.id for message in catalogue.obsolete.values()] == []
    assert (catalogue.num_plurals, catalogue.plural_expr, catalogue.charset) == (2, "(n != 1)", "utf-8")
    assert not re.search(r"(?m)\S@\S|/home/|^#:", SOURCE.read_text())


def test_translations_keep_placeholders_and_markup() -> None:
    def parts(text: str) -> list[str]:
        return sorted(PLACEHOLDER.findall(text))

    for message in _messages():
        for source, translation in zip(_forms(message.id), _forms(message.string), strict=True):
            assert parts(translation) == parts(source), translation
            assert not re.search("['\"«»]", translation), f"Quotes are “these”: {translation}"
            assert translation[-1:] in ".:…?" or source[-1:] not in ".:…?", translation


def test_translations_use_the_words_of_diga() -> None:
    catalogue = _catalogue()

    assert {source: catalogue[source].string for source in DIGA_SAYS} == DIGA_SAYS


def test_templates_hold_no_words_outside_a_translation() -> None:
    tag, block = r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", r"\{% blocktranslate.*?%\}.*?\{% endblocktranslate %\}"
    bare: list[tuple[str, str]] = []

    for path in _templates():
        text = re.sub(f"{block}|{tag}", " ", path.read_text(), flags=re.DOTALL)
        spoken = re.findall(rf'\b(?:{"|".join(SPOKEN)})="([^"]*)"', text)
        shown = re.sub(r'<[^>]*>|[\w-]+="[^"]*"', "\n", text).splitlines()
        bare += [(path.name, word.strip(" ·:")) for word in [*shown, *spoken] if re.search(r"[^\W\d_]", word)]

    assert [found for found in bare if found[1] not in NAMES] == []


@pytest.fixture
def _spanish(settings: Settings, tmp_path: Path) -> None:
    """Compile the catalogue as it is now, so that no test depends on an older .mo."""
    folder = tmp_path / "es/LC_MESSAGES"
    folder.mkdir(parents=True)
    compile_file(Path(shutil.copy(SOURCE, folder)))
    settings.LOCALE_PATHS = [tmp_path]


@pytest.fixture
def english() -> list[tuple[re.Pattern[str], str]]:
    """The sentences of the catalogue that differ in Spanish, as patterns to find in a page."""
    patterns = []
    for message in _messages():
        for source in set(_forms(message.id)) - set(_forms(message.string)):
            literal = re.sub(r"%\\\(\w+\\\)[a-z]", ".+", re.escape(re.sub("<[^>]+>", "", source)))
            patterns.append((re.compile(rf"(?<!\w){literal}(?!\w)"), source))
    return patterns


def _spoken(page: html.HtmlElement) -> Iterator[str]:
    """Yield what a person reads or hears, except what is Diga's, typed by people, or named in its own language."""
    for foreign in page.xpath('//*[contains(@class, "foreign") or @lang="en" or self::script or @readonly]'):
        foreign.drop_tree()
    for attribute in SPOKEN:
        yield from page.xpath(f"//@{attribute}")
    yield from page.xpath("//text()")


def _names() -> list[str]:
    """Return what people and Diga call things: names that mean nothing in any language."""
    people = [name for user in User.objects.all() for name in (user.get_full_name(), user.get_username()) if name]
    nicknames = [name for name in Phone.objects.values_list("nickname", flat=True) if name]
    return sorted({*people, *nicknames}, key=len, reverse=True)


def _without(text: str, names: list[str]) -> str:
    for name in names:
        text = text.replace(name, "…")
    return " ".join(text.split())


Check = Callable[[bytes, str], html.HtmlElement]


@pytest.fixture
def assert_spanish(english: list[tuple[re.Pattern[str], str]], _spanish: None) -> Check:
    """Check that an answer is in Spanish, without a word of English, and contains the given words."""

    def check(content: bytes, words: str) -> html.HtmlElement:
        page = html.fromstring(content)
        assert page.get("lang") == "es"
        names = _names()
        said = "\n".join(filter(None, (_without(text, names) for text in _spoken(page))))
        assert words in said
        assert [(source, found[0]) for pattern, source in english if (found := pattern.search(said))] == []
        return html.fromstring(content)

    return check


SPANISH = {"Accept-Language": "es-ES,es;q=0.9,en;q=0.5"}
PAGES = {
    "phones": ("lead", "phones/", 200, "Números"),
    "phones for a viewer": ("viewer", "phones/", 200, "Agente entrante"),
    "no match": ("lead", "phones/?q=nobody", 200, "Ningún número coincide"),
    "filters": ("lead", "phones/?status=released&provider=netelip", 200, "Quitar el filtro: En cuarentena"),
    "phone": ("router", "phones/{sales_phone.pk}/", 200, "Atiende las llamadas entrantes"),
    "phone for a viewer": ("viewer", "phones/{sales_phone.pk}/", 200, "Tu rol permite ver los números, pero no"),
    "phone without agents": ("router", "phones/{spare_phone.pk}/", 200, "Sin agente"),
    "reserved phone": ("router", "phones/{reserved_phone.pk}/", 200, "Este número está reservado"),
    "pending phone": ("router", "phones/{pending_phone.pk}/", 200, "todavía lo está verificando"),
    "released phone": ("router", "phones/{released_phone.pk}/", 200, "está en cuarentena"),
    "finished phone": ("router", "phones/{finished_phone.pk}/", 200, "Este número está finalizado"),
    "orphan phone": ("router", "phones/{orphan_phone.pk}/", 200, "Agente desconocido"),
    "rename": ("labeller", "phones/{sales_phone.pk}/nickname/", 200, "Cambiar alias"),
    "overview": ("lead", "", 200, "Resumen"),
    "agents": ("lead", "agents/", 200, "Otras versiones"),
    "no changes": ("lead", "changes/", 200, "Aún no se ha cambiado nada"),
    "settings": ("admin", "settings/", 200, "Clave de API"),
    "disconnect": ("admin", "settings/disconnect/", 200, "¿Desconectar"),
    "people": ("admin", "settings/people/", 200, "Qué puede hacer cada rol"),
    "person": ("admin", "settings/people/{membership.pk}/", 200, "¿Quitar a"),
    "sync": ("lead", "sync/{run.pk}/", 200, "Primera sincronización"),
    "role too low": ("viewer", "settings/", 403, "Tu rol no permite esto"),
    "not a member": ("stranger", "phones/", 404, "Aquí no hay nada para ti"),
    "account": ("viewer", "/account/", 200, "Tu cuenta"),
    "password": ("viewer", "/account/password/", 200, "Contraseña actual"),
    "second factor": ("viewer", "/account/2fa/", 200, "Verificación en dos pasos"),
    "sign out": ("viewer", "/account/logout/", 200, "¿Cerrar sesión?"),
    "connect": ("superuser", "/connect/", 200, "Conectar un proyecto de Diga"),
    "no project": ("stranger", "/", 200, "Aún no eres miembro de ningún proyecto"),
    "nowhere": ("viewer", "/nowhere/", 404, "Aquí no hay nada para ti"),
}


@pytest.mark.parametrize("name", PAGES)
def test_page_is_spanish_for_a_spanish_browser(
    name: str,
    request: pytest.FixtureRequest,
    aurora: Project,
    client_of: Callable[[User], Client],
    assert_spanish: Check,
) -> None:
    who, path, status, words = PAGES[name]
    person = request.getfixturevalue(who)
    wanted = {key: request.getfixturevalue(key) for key in re.findall(r"\{(\w+_phone)\.", path)}
    path = path.format(membership=Membership.objects.first(), run=SyncRun.objects.first(), **wanted)
    address = path if path.startswith("/") else f"/projects/{aurora.slug}/{path}"

    answer = client_of(person).get(address, headers=SPANISH)

    assert answer.status_code == status
    assert_spanish(answer.content, words)


def _all(page: html.HtmlElement, path: str) -> list[Any]:
    return cast(list[Any], page.xpath(path))


def _filled(page: html.HtmlElement) -> dict[str, str]:
    """Return what the phone form would send as it stands."""
    form = page.get_element_by_id("phone-form")
    return {name: value for name, value in form.form_values() if value}


def test_guard_result_and_history_are_spanish(
    aurora: Project,
    router: User,
    sales_phone: Phone,
    spare_phone: Phone,
    client_of: Callable[[User], Client],
    assert_spanish: Check,
) -> None:
    client, address = client_of(router), f"/projects/{aurora.slug}/phones/{spare_phone.pk}/"
    page = html.fromstring(client.get(address, headers=SPANISH).content)
    shown: dict[str, tuple[html.HtmlElement, dict[str, str]]] = {}

    for version in _all(page, '//select[@id="id_inbound_version_id"]//option[@value!=""]/@value'):
        sent = _filled(page) | {"inbound_version_id": version}
        answer = client.post(address, sent | {"review": "1"}, headers=SPANISH)
        guard = _all(html.fromstring(answer.content), '//section[contains(@class, "guard")]/@class')[0]
        if guard not in shown:
            shown[guard] = assert_spanish(answer.content, "Aún no se ha guardado"), sent
    assert set(shown) == {"guard is-ok", "guard is-warn", "guard is-bad"}

    page, sent = shown["guard is-warn"]
    reviewed = _all(page, '//input[@name="reviewed"]/@value')[0]
    saved = client.post(address, sent | {"reviewed": reviewed, "understood": "on"}, headers=SPANISH, follow=True)
    assert_spanish(saved.content, "Guardado. Diga lo confirmó a las")
    odd = client.post(address, sent | {"inbound_version_id": "v9"}, headers=SPANISH)
    assert_spanish(odd.content, "Esta versión no está disponible para este número.")
    change = Change.objects.latest("pk")
    assert_spanish(client.get(f"/projects/{aurora.slug}/changes/{change.pk}/", headers=SPANISH).content, "Resultado")
    assert_spanish(client.get(f"/projects/{aurora.slug}/changes/", headers=SPANISH).content, "Cambios")


def test_invitation_and_its_end_are_spanish(
    aurora: Project, admin: User, client_of: Callable[[User], Client], assert_spanish: Check
) -> None:
    people = f"/projects/{aurora.slug}/settings/people/"
    wanted = {"username": "nuria", "full_name": "Nuria Sanz", "role": "ROUTER"}

    answer = client_of(admin).post(people, wanted, headers=SPANISH)
    link = assert_spanish(answer.content, "Invitación para nuria").xpath("string(//textarea)").strip()
    address = link[link.index("/invitation/") :]

    assert_spanish(Client().get(address, headers=SPANISH).content, "Elige una contraseña y tu cuenta estará lista.")
    differing = {"password1": "una frase de paso", "password2": "otra"}
    assert_spanish(Client().post(address, differing, headers=SPANISH).content, "Las dos contraseñas no coinciden.")
    chosen = differing | {"password2": "una frase de paso"}
    assert_spanish(Client().post(address, chosen, headers=SPANISH, follow=True).content, "Tu cuenta está lista.")
    assert_spanish(Client().get(address, headers=SPANISH).content, "Ya se ha usado: la cuenta existe.")


def test_key_that_is_refused_is_explained_in_spanish(
    aurora: Project,
    admin: User,
    viewer: User,
    sandbox: Sandbox,
    client_of: Callable[[User], Client],
    assert_spanish: Check,
) -> None:
    settings_url = f"/projects/{aurora.slug}/settings/"
    client = client_of(admin)
    short, unknown = {"key": "x"}, {"key": "an-unknown-key-that-is-long-enough-1234"}

    assert_spanish(client.post(settings_url, short, headers=SPANISH).content, "No puede ser una clave de API de Diga")
    assert_spanish(client.post(settings_url, unknown, headers=SPANISH).content, "Esta clave no sirve")
    sandbox.keys.clear()
    client.post(f"{settings_url}check/", headers=SPANISH)
    listed = client_of(viewer).get(f"/projects/{aurora.slug}/phones/", headers=SPANISH)
    assert_spanish(listed.content, "Diga ya no acepta la clave de API de este proyecto.")
    assert_spanish(client.get(settings_url, headers=SPANISH).content, "Rechazada por Diga")


@pytest.mark.usefixtures("db")
def test_sign_in_and_its_failure_are_spanish(assert_spanish: Check) -> None:
    wrong = {"login": "nuria", "password": "wrong"}

    assert_spanish(Client().get("/account/login/", headers=SPANISH).content, "Iniciar sesión")
    assert_spanish(Client().post("/account/login/", wrong, headers=SPANISH).content, "El usuario y/o la contraseña")


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
    _spanish: None,
) -> None:
    client, asking = client_of(viewer), {"Accept-Language": browser}

    before = html.fromstring(client.get("/account/", headers=asking).content)
    client.post("/account/language/", {"language": chosen, "next": "/account/"}, headers=asking)
    after = html.fromstring(client.get("/account/", headers=asking).content)

    assert (before.get("lang"), after.get("lang")) == (browser[:2], chosen)
    assert after.xpath("string(//h1)") == words
    assert after.xpath('//button[@aria-pressed="true"]/@value') == [chosen]


def test_choice_of_language_outlives_signing_out(
    viewer: User, client_of: Callable[[User], Client], _spanish: None
) -> None:
    client = client_of(viewer)

    client.post("/account/language/", {"language": "es", "next": "/account/"})
    client.post("/account/logout/")

    page = html.fromstring(client.get("/account/login/", headers={"Accept-Language": "en"}).content)
    assert page.get("lang") == "es"
