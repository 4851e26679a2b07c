"""What pages say in Spanish of things that happen: pasted numbers, views, history, conflicts, syncs, outages."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from bench.rig.plans import make_plan, phones_of
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Agent, AgentVersion, Change, Outcome, Phone, Project, Selection, Session, Source, SyncRun
from phones.services.number_reader.reader import TEXT_LIMIT
from phones.services.routing.edits import PhoneEdit
from phones.services.sync import passes
from tests.fixtures.spanish import Check
from tests.support.database.history import add_changes
from tests.support.database.outages import database_away
from tests.support.database.tampering import alter
from tests.support.desk.planned import renames
from tests.support.desk.saving import forget_waiting, held, save
from tests.support.pages.pages import (
    FOR_DRAWER,
    find,
    form_in,
    form_of,
    open_phone,
    open_rename,
    read,
    url_of,
    values_of,
)
from tests.support.pages.plan_pages import press
from tests.support.pages.plan_pages import url_of as url_of_plan

Spaniard = Callable[[User], Client]
AURORA = "/projects/aurora/"
RENAME = {"before": {"nickname": "Recepción"}, "after": {"nickname": "Citas"}}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def client(spaniard: Spaniard, lead: User) -> Client:
    """The browser of a lead who wants Spanish."""
    return spaniard(lead)


def test_findings_are_spanish(client: Client, sales_phone: Phone, assert_spanish: Check) -> None:
    for number, phone in zip(("951555802", "952555802"), Phone.objects.exclude(pk=sales_phone.pk)[:2], strict=True):
        Phone.objects.filter(pk=phone.pk).update(number=f"+34{number}", digits=f"34{number}", shown=number)
    text = f"{sales_phone.number}\n…55802\n600 123 456\nn/a\n12\n{'9' * 30}\n3.49512E+10"

    found = client.post(f"{AURORA}find/", {"text": text})

    page = assert_spanish(found.content, "1 encontrado, 1 podría ser tuyo, 1 no está en este proyecto")
    (link,) = page.xpath("//section[@id='findings']//a[contains(@class, 'btn-primary')]/@href")
    assert_spanish(found.content, "redondeado por una hoja de cálculo")
    assert_spanish(client.get(link).content, "1 número elegido")
    assert_spanish(client.get("/go/?n=555802").content, "2 números como")
    assert_spanish(client.post(f"{AURORA}find/", {"text": "Hola"}).content, "Nada en este texto parece un número")
    assert_spanish(client.post(f"{AURORA}find/", {"text": ""}).content, "Este campo es obligatorio.")
    assert_spanish(client.post(f"{AURORA}find/", {"text": "9" * (TEXT_LIMIT + 1)}).content, "Es demasiado de una vez")


def test_saved_views_are_spanish(
    client: Client, spaniard: Spaniard, viewer: User, aurora: Project, assert_spanish: Check
) -> None:
    views = f"{AURORA}views/"
    wanted = {"name": "Citas", "is_shared": "on", "is_default": "on"}

    saved = client.post(f"{views}?status=assigned", wanted, follow=True)
    again = client.post(f"{views}?status=released", wanted)
    listed = client.get(views)

    assert_spanish(saved.content, "Guardada como “Citas”.")
    assert_spanish(again.content, "Ya tienes una vista con este nombre.")
    page = assert_spanish(listed.content, "Tuya, compartida")
    (edit,) = page.xpath("//main//td/a/@href")
    assert_spanish(spaniard(viewer).get(views).content, "Compartida por")
    assert_spanish(client.get(edit).content, "Borrar para todos")
    assert_spanish(client.post(edit, wanted, follow=True).content, "Se ha cambiado “Citas”.")
    assert_spanish(client.post(edit, {"delete": "yes"}, follow=True).content, "Se ha borrado “Citas”.")


def test_history_is_spanish(client: Client, sales_phone: Phone, assert_spanish: Check) -> None:
    now = timezone.now()
    seen = {"source": Source.OUTSIDE, "outcome": Outcome.OBSERVED, "actor_name": "", "created_at": now}
    lanes = {"before": {"status": "reserved", "inbound": None}, "after": {"status": "assigned", "inbound": None}}
    for outcome in Outcome:
        add_changes(sales_phone, 1, outcome=outcome, cause="server_error", stored={"nickname": "Otra"}, **RENAME)
    for passed in (timedelta(minutes=15), timedelta(days=2)):
        add_changes(sales_phone, 1, seen_from=now - passed, **seen, **lanes)

    listed = client.get(f"{AURORA}changes/")
    filtered = client.get(f"{AURORA}changes/?source=OUTSIDE&field=status&phone={sales_phone.pk}&to=2100-01-01")

    assert_spanish(listed.content, "fuera de este panel")
    assert_spanish(filtered.content, "Quitar el filtro: Origen")
    for change in Change.objects.all():
        assert_spanish(client.get(f"{AURORA}changes/{change.pk}/").content, "Copiar para el ticket")
    assert_spanish(client.get(AURORA).content, "Cambios en cada uno de los últimos 30 días: ")


def test_taking_back_is_spanish(client: Client, sandbox: Sandbox, sales_phone: Phone, assert_spanish: Check) -> None:
    change = save(sales_phone, PhoneEdit(nickname="Ventas", outbound=None)).change
    page = client.get(f"{AURORA}changes/{change.pk}/revert/")
    held(sandbox, sales_phone).nickname = "Nerja"

    moved = form_of(client, page).send()
    none = form_of(client, moved).send(take_outbound=None)
    form_of(client, moved).send(take_nickname="on")
    back = Change.objects.latest("pk")

    assert_spanish(page.content, "Lo que Diga tiene ahora y lo que volvería a tener")
    assert_spanish(moved.content, "Ha vuelto a cambiar desde entonces.")
    assert_spanish(none.content, "Marca al menos un campo.")
    assert_spanish(client.get(f"{AURORA}changes/{back.pk}/").content, "Deshace")
    assert_spanish(client.get(f"{AURORA}changes/{change.pk}/").content, "Deshecho por")
    assert back.reason == f"Deshace el cambio #{change.pk}"


def test_first_state_is_spanish(client: Client, sales_phone: Phone, assert_spanish: Check) -> None:
    seen = {"nickname": "Recepción", "status": "reserved"}
    alter(Phone.objects.filter(pk=sales_phone.pk), first_seen=seen, first_seen_at=timezone.now())

    listed = client.get(f"{AURORA}changes/?phone={sales_phone.pk}")
    page = client.get(url_of("phone_restore", sales_phone))

    assert_spanish(listed.content, "Visto por primera vez")
    assert_spanish(page.content, "Volver al primer estado")
    assert form_of(client, page).send().status_code == 302
    assert Change.objects.get().reason.startswith("Vuelta al primer estado, visto el ")


def test_conflict_is_spanish(client: Client, sandbox: Sandbox, sales_phone: Phone, assert_spanish: Check) -> None:
    now = timezone.now()
    outside = {"source": Source.OUTSIDE, "outcome": Outcome.OBSERVED, "before": {"nickname": sales_phone.nickname}}
    add_changes(sales_phone, 1, after={"nickname": "De Marta"}, seen_from=now, created_at=now, **outside)
    form, rename = open_phone(client, sales_phone), open_rename(client, sales_phone)
    held(sandbox, sales_phone).nickname = "De Marta"
    held(sandbox, sales_phone).outbound_agent_id = sandbox.projects["aurora"].agent("Carla").id

    conflict = form.send(nickname="Mío")
    unchosen = form_in(client, conflict).send()
    theirs = form_in(client, conflict).send(choose_nickname="theirs")

    page = assert_spanish(conflict.content, "Este número cambió en Diga mientras lo editabas.")
    assert page.xpath("string(//fieldset//small)").startswith("Cambiado fuera de este panel, entre las")
    assert_spanish(conflict.content, "solo lo cambiaron otros, se deja como está")
    assert_spanish(unchosen.content, "Elige con qué valor te quedas.")
    assert_spanish(theirs.content, "Has dejado lo que tiene Diga.")
    assert_spanish(rename.send(nickname="Mío").content, "Al abrirlo")


FAULTS = {
    "refused": (Fault("status", status=422, method="PATCH"), "Diga no ha aceptado estos valores."),
    "not known yet": (Fault("status", status=503, method="PATCH"), "Diga todavía puede aplicarlo."),
    "another value": (Fault("stored_other", method="PATCH"), "Diga ha guardado otra cosa"),
    "not reached": (Fault("status", status=503, method="GET", times=None), "No se ha enviado ni cambiado nada."),
    "too many": (Fault("status", status=429, method="PATCH", times=None), "Diga nos pide ir más despacio."),
}


@pytest.mark.parametrize("name", FAULTS)
def test_failed_save_is_explained_in_spanish(
    client: Client, sandbox: Sandbox, sales_phone: Phone, assert_spanish: Check, name: str
) -> None:
    fault, words = FAULTS[name]
    form = open_phone(client, sales_phone)
    sandbox.faults.add(Fault(**{field: getattr(fault, field) for field in Fault.__dataclass_fields__}))

    response = form.send(nickname="Ventas")
    if response.status_code == 302:
        response = client.get(response["Location"])

    assert_spanish(response.content, words)


def test_save_that_is_not_known_is_spanish(client: Client, sales_phone: Phone, assert_spanish: Check) -> None:
    add_changes(sales_phone, 1, outcome=Outcome.UNKNOWN, settled_at=None, created_at=timezone.now(), **RENAME)
    address = url_of("phone_edit", sales_phone)

    assert_spanish(client.get(address).content, "No sabemos si Diga aplicó lo enviado el")
    Change.objects.update(next_look_at=timezone.now())
    assert_spanish(client.get(address).content, "Se volverá a mirar el")


def test_form_that_was_spent_is_spanish(client: Client, sales_phone: Phone, assert_spanish: Check) -> None:
    form = open_phone(client, sales_phone)
    form.send(nickname="Primero")

    assert_spanish(form.send(nickname="Después").content, "Este formulario ya se envió, con este resultado: Guardado.")


def test_plans_of_two_people_are_spanish(
    client: Client, spaniard: Spaniard, other_lead: User, lead: User, aurora: Project, assert_spanish: Check
) -> None:
    Project.objects.update(approved_above=0)
    plan = make_plan(lead, phones_of(aurora, 1), renames("Línea"))
    theirs = spaniard(other_lead)

    assert_spanish(theirs.get(url_of_plan(plan)).content, "puede pedir el sí de otra persona que necesita")
    assert_spanish(theirs.post(url_of_plan(plan, "tick/"), {"all": "1"}).content, "este plan es de otra persona")
    press(client, plan, "apply")
    assert_spanish(theirs.post(url_of_plan(plan, "approve/")).content, "No se inició: la vista previa ha cambiado")
    press(theirs, plan, "approve")
    press(theirs, plan, "pause")
    assert_spanish(client.get(url_of_plan(plan)).content, "pidió el sí de otra persona")


def test_wish_on_a_spent_form_is_spanish(client: Client, lead: User, sales_phone: Phone, assert_spanish: Check) -> None:
    selection = Selection.objects.create(project=sales_phone.project, owner=lead, phone_ids=[sales_phone.pk.hex])
    url = f"{AURORA}plans/new/?selection={selection.pk.hex}"
    values = values_of(find(read(client.get(url)), "wish")) | {"nickname_how": "EMPTY", "reason": "Horario"}
    client.post(url, values)

    (box,) = read(client.post(url, values | {"reason": "Otro"})).xpath("//main/*[@data-result]")
    assert_spanish(html.tostring(box, encoding="utf-8"), "ya se envió con otro contenido")


def test_others_and_silence_are_spanish(
    client: Client, spaniard: Spaniard, router: User, aurora: Project, sales_phone: Phone, assert_spanish: Check
) -> None:
    for_read_state = {"HX-Request": "true", "HX-Target": "read-state"}
    address = url_of("phone_reread", sales_phone)
    spaniard(router).post(address, headers=for_read_state)

    assert_spanish(client.post(address, headers=for_read_state).content, "lo abrió ahora mismo")
    Project.objects.update(unreachable_since=timezone.now(), unreachable_cause="connect_timeout")
    assert_spanish(client.get(url_of("phone_edit", sales_phone)).content, "Diga no responde desde las")


def test_ages_go_on_in_spanish(client: Client, aurora: Project, fresh_spanish: None) -> None:
    ages = find(read(client.get(f"{AURORA}phones/")), "ages")

    assert json.loads(ages.get("data-words"))["long"]["min"] == ["hace %(count)d minuto", "hace %(count)d minutos"]


def test_row_that_is_read_again_says_so_in_spanish(client: Client, sales_phone: Phone, assert_spanish: Check) -> None:
    headers = {"HX-Request": "true", "HX-Target": f"phone-{sales_phone.pk}"}

    row = client.post(url_of("phone_reread", sales_phone), headers=headers)

    assert_spanish(row.content, "Comprobar de nuevo")


def test_agents_in_trouble_are_spanish(client: Client, aurora: Project, assert_spanish: Check) -> None:
    agent = Agent.objects.get(project=aurora, name__startswith="Alicia")
    address = reverse("agent_detail", args=["aurora", agent.pk])
    page = client.get(address)
    assert_spanish(page.content, "v5 atiende las llamadas")
    assert_spanish(page.content, "v6 está guardada")

    AgentVersion.objects.filter(agent=agent).update(is_published=False)
    Project.objects.update(agents_changed_at=timezone.now())
    assert_spanish(client.get(address).content, "Este agente no tiene ninguna versión publicada")

    Agent.objects.filter(pk=agent.pk).update(is_listed=False)
    Project.objects.update(agents_changed_at=timezone.now())
    assert_spanish(client.get(address).content, "Este agente ya no está en Diga")


RUNS = {
    "running": ({"is_taken": True}, timedelta(0), "números leídos"),
    "not taken": ({}, timedelta(seconds=15), "Ningún proceso ha empezado aún esta sincronización."),
    "stuck": (
        {"is_taken": True},
        timedelta(minutes=5),
        "Hace medio minuto que no se sabe nada de esta sincronización.",
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_progress_of_a_sync_is_spanish(client: Client, aurora: Project, assert_spanish: Check, name: str) -> None:
    values, passed, words = RUNS[name]
    run = passes.claim_sync(project=aurora, now=timezone.now() - passed)
    SyncRun.objects.filter(pk=run.pk).update(phone_count=1248, **values)

    assert_spanish(client.get(f"{AURORA}sync/{run.pk}/").content, words)


def test_failed_sync_is_spanish(client: Client, aurora: Project, sandbox: Sandbox, assert_spanish: Check) -> None:
    sandbox.keys.clear()
    run = passes.sync_project(project=aurora, clock=timezone.now)

    assert_spanish(client.get(f"{AURORA}sync/{run.pk}/").content, "La sincronización se interrumpió antes de acabar")
    assert_spanish(client.get(f"{AURORA}phones/").content, "El último intento falló.")


def test_lost_session_is_spanish(client: Client, sales_phone: Phone, assert_spanish: Check) -> None:
    form = open_phone(client, sales_phone, has_scripts=False)
    Session.objects.all().delete()

    response = form.send(headers={"Origin": "http://testserver"}, nickname="Mío")

    assert_spanish(response.content, "Se ha cerrado tu sesión, así que esto no se ha guardado")


@pytest.mark.django_db(transaction=True)
def test_database_that_is_away_is_spanish(client: Client, sales_phone: Phone, assert_spanish: Check) -> None:
    client.raise_request_exception = False
    form = open_phone(client, sales_phone)

    with database_away():
        page, unsaved = client.get(f"{AURORA}phones/"), form.send(headers=FOR_DRAWER, nickname="Mío")

    assert (page.status_code, unsaved.status_code) == (503, 503)
    assert_spanish(page.content, "Ahora mismo no podemos acceder a nuestra base de datos")
    assert_spanish(unsaved.content, "Aquí no se sabe si llegó a hacerse.")
