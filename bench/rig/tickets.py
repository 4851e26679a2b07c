"""Invented tickets with their expected numbers: spellings, contexts, and digits of other kinds around them.

Nothing here is taken from the reader; `TRICKY` and the kinds below are typical of support tickets.
"""

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.rig.spellings import Rng, grouped, spelled


@dataclass(frozen=True, slots=True)
class Ticket:
    """A text, the expected numbers in it, and the strangers' numbers in it, all as digits or SIP identifiers."""

    text: str
    ours: frozenset[str]
    others: frozenset[str]


# Contexts of a number, `{n}`; each is about one number of any kind.

SENTENCES = (
    "Hola, llamo al {n} y no contesta nadie.",
    "Buenos días: el número {n} va al buzón desde ayer.",
    "Tel. {n}",
    "Tel.: {n} - Fax: no tenemos",
    "Teléfono:{n}",
    "Tlf {n} (centralita)",
    "Móvil/WhatsApp: {n}.",
    "¿Podéis cambiar el agente de {n}? Gracias",
    "El {n} suena y cuelga; lo hemos probado 3 veces.",
    "La línea ({n}) contesta en inglés.",
    "Cambiad «{n}» a la agente nueva, por favor.",
    'El alias de "{n}" está mal.',
    "Número: {n}, alias Recepción, agente Alicia v5",
    "Please call {n} before 5 pm.",
    "Calls to {n} drop after 30 seconds.",
    "The number is {n}; the agent is Bruno.",
    "Re: [Ticket #45213] {n} no funciona",
    "RE: RV: incidencia con {n}",
    "> On Tue, Oct 6, 2026 at 9:12 AM Ana wrote:\n> our number {n} is dead",
    "Desviad {n} a la otra sede desde las 15:00 h.",
    "*{n}* no responde",
    "_{n}_ comunica",
    "- {n}: sin servicio",
    "1) {n}",
    "2. {n} comunica",
    "3.- {n}",
    "a) {n}",
    "• {n} – no da tono",
    "Extensión 204 de {n}",
    "{n} ext. 204",
    "{n} (ext 12)",
    "{n} x12",
    "{n}, opción 2",
    "N.º afectado: {n}",
    "Nº {n}",
    "{n} 09/10/2026",
    "{n} 10:15",
    "09/10/2026 10:15 {n}",
    "10:15 {n} llamada perdida",
    "{n} 12,50 €",
    "{n} - 29005 Málaga",
    "29005 Málaga {n}",
    "C/ Larios, 12, 3º B, 29005 Málaga. {n}",
    "{n} | 3 llamadas | 00:04:12",
    "de {n} a las 9.30 h",
    "{n}: 2 min 10 s",
    "<td>{n}</td><td>Recepción</td><td>12,50 €</td>",
    "<p>Tel: <strong>{n}</strong><br/>Lunes a viernes de 9 a 14 h</p>",
    "Recepción;{n};Alicia;5",
    "2026-10-09 10:15:32,{n},inbound,00:01:35",
    '"{n}","Alicia · Recepción","09/10/2026"',
    "{n}\tRecepción\tAlicia\t12",
    "[9/10/26, 10:15:32] Ana Pérez: mira el {n} porfa",
    "9/10/26 10:15 - Luis: el {n} otra vez caído",
    "Factura 2026/0451 – línea {n} – 45,00 € + IVA (21 %) = 54,45 €",
    "ES91 2100 0418 4502 0005 1332 · contacto {n}",
    "NIF B12345678, teléfono {n}",
    "IP 192.168.100.200 puerto 5060, número {n}",
    "Versión 10.0.19045.3803 en el PC, llamando a {n}",
    "36.7213,-4.4214 (la clínica), {n}",
    "Pedido 4512 del 2026-11-20; llamar a {n} antes de las 14:00",
    "Reglamento (UE) 2016/679. {n}. © 2019-2026",
    "Atendemos de 9:00-14:00 y 16:00-20:00 en el {n}",
    "Seguimiento 1Z999AA10123456784, teléfono de entrega {n}",
)
# Contexts of plain digits only: numbers as a PBX, a program or a web address writes them.
MACHINES = (
    "To: <sip:{e}@203.0.113.10;user=phone>",
    'From: "Centralita" <sip:{d}@pbx.example.net:5060>;tag=as5f3c2a1b',
    "INVITE sip:{e}@10.0.0.7:5060 SIP/2.0",
    "tel:{e}",
    "tel:+34-{g}",
    "P-Asserted-Identity: <tel:{e}>",
    "[2026-10-09 10:15:32] NOTICE[1234][C-0000002a]: chan_sip.c: Call from '{n9}' (192.168.1.20:5060) to extension "
    "'{n9}' rejected",
    '-- Executing [{n9}@from-trunk:1] NoOp("PJSIP/trunk-0000001a", "") in new stack',
    "Channel: PJSIP/{n9}-0000001a",
    "SIP/{n9}-b7a3c2d8",
    "Local/{n9}@from-internal-00000001;2",
    "CALLERID(num)={n9}",
    '"caller_id_number": "{e}", "billsec": 35, "uniqueid": "1728461700.12345"',
    "in-{n9}-20261009-101532-1728461700.123.wav",
    "El chat es {d}@s.whatsapp.net, gracias.",
    "https://wa.me/{d}",
    "https://api.whatsapp.com/send?phone={d}&text=Hola%20Ana",
    '<a href="tel:{e}">Llámanos</a>',
    "%2B{d}",
    "+34&nbsp;{g_nbsp}",
    "+34%20{g_percent}",
    "{mojibake}",
    "{x9}",
    "{x11}",
    "{d}.0",
    "'{e}",
    '="{e}"',
    "{e};ext=12",
    "E.164: {e}",
    "dst={n9}&src=204",
)
# Of two numbers: spellings of lists, ranges and shorthands.
PAIRS = (
    "{a} y {b}",
    "{a}, {b}",
    "{a} / {b}",
    "{a};{b}",
    "{a} {b}",
    "{a9}-{b9}",
    "{a9}/{b9}",
    "de {a} a {b}",
    "{a} -> {b}",
    "{a}\n{b}",
    "1) {a}\n2) {b}",
    "{a}|{b}",
    "{a} o bien {b}, da igual",
    "{a9},{b9},00:12:01",
)


def _price(rng: Rng) -> str:
    whole = f"{rng.randrange(1, 999)}.{rng.randrange(1000):03d}.{rng.randrange(1000):03d}"
    return rng.choice(
        (f"{whole} €", f"{whole},{rng.randrange(100):02d} EUR", f"€{rng.randrange(10_000)}.50", "1.200,50 €")
    )


def _moment(rng: Rng) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(31_536_000))


def _id(rng: Rng, length: int) -> str:
    return "".join(rng.choice("0123456789") for _each in range(length))


# Lines without a phone number, of the kinds found around them.
DISTRACTORS: tuple[Callable[[Rng], str], ...] = (
    lambda rng: f"Fecha: {_moment(rng):%d/%m/%Y %H:%M}",
    lambda rng: f"{_moment(rng):%Y-%m-%dT%H:%M:%S.%f}Z INFO request took {rng.randrange(9999)} ms",
    lambda rng: f"{_moment(rng):%d-%m-%y} {_moment(rng):%H:%M}",
    lambda rng: f"El {_moment(rng):%d.%m.%Y} entre las 9.30 y las 14.00 h",
    lambda rng: f"Importe: {_price(rng)}",
    lambda rng: f"Total {_price(rng)} (IVA incl.)",
    lambda rng: f"C/ Mayor, {rng.randrange(200)}, {rng.randrange(1000, 53000):05d} Vitoria",
    lambda rng: f"IBAN ES{_id(rng, 2)} {_id(rng, 4)} {_id(rng, 4)} {_id(rng, 4)} {_id(rng, 4)} {_id(rng, 4)}",
    lambda rng: f"CCC {_id(rng, 4)} {_id(rng, 4)} {_id(rng, 2)} {_id(rng, 10)}",
    lambda rng: f"Tarjeta {_id(rng, 4)} {_id(rng, 4)} {_id(rng, 4)} {_id(rng, 4)}, cad. 09/28",
    lambda rng: f"Tarjeta **** **** **** {_id(rng, 4)}",
    lambda rng: f"NIF {_id(rng, 8)}Z / CIF B{_id(rng, 8)}",
    lambda rng: f"NSS {_id(rng, 2)}/{_id(rng, 8)}/{_id(rng, 2)}",
    lambda rng: f"IP {rng.randrange(1, 255)}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}:5060",
    lambda rng: f"Id {uuid.UUID(int=rng.getrandbits(128))} sin audio",
    lambda rng: f"commit {rng.getrandbits(160):040x}",
    lambda rng: f"Call-ID: {rng.getrandbits(64):016x}@10.0.0.{rng.randrange(255)}",
    lambda rng: f"MAC 00:1a:{rng.randrange(256):02x}:{rng.randrange(256):02x}:3c:4d",
    lambda rng: f"Pedido {_id(rng, rng.randrange(5, 11))}",
    lambda rng: f"Order #{_id(rng, 9)}",
    lambda rng: f"Ref. {_id(rng, 9)}",
    lambda rng: f"Ticket #{_id(rng, rng.randrange(4, 10))} abierto",
    lambda rng: f"INC{_id(rng, 7)} / REQ{_id(rng, 8)}",
    lambda rng: f"Seguimiento: {_id(rng, 12)}",
    lambda rng: f"Tracking {_id(rng, 4)} {_id(rng, 4)} {_id(rng, 4)}",
    lambda rng: f"EAN 84{_id(rng, 11)}",
    lambda rng: f"ISBN 978-84-376-{_id(rng, 4)}-{_id(rng, 1)}",
    lambda rng: f"IMEI {_id(rng, 15)}",
    lambda rng: f"ICCID 8934{_id(rng, 15)}",
    lambda rng: f"Ubicación: {rng.uniform(36, 43):.6f}, {-rng.uniform(0, 9):.6f}",
    lambda rng: "36°43'17.2\"N 4°25'12.5\"W",
    lambda rng: f"Chrome/{rng.randrange(90, 140)}.0.{_id(rng, 4)}.{_id(rng, 3)} Safari/537.36",
    lambda rng: f"Versión {rng.randrange(9)}.{rng.randrange(99)}.{rng.randrange(99)}",
    lambda rng: "Ley 39/2015, Reglamento (UE) 2016/679, RD 1720/2007",
    lambda rng: "Horario: L-V 9:00-14:00 y 16:30-20:00, S 10-13 h",
    lambda rng: "© 2019-2026 Clínicas Aurora S.L.",
    lambda rng: f"Extensión {_id(rng, 4)}",
    lambda rng: f"uniqueid=1728{_id(rng, 6)}.{_id(rng, 5)}",
    lambda rng: f"Duración 00:{rng.randrange(60):02d}:{rng.randrange(60):02d}",
    lambda rng: f"Medidas 90x{_id(rng, 3)}x45 mm, {_id(rng, 3)}.{_id(rng, 3)} habitantes",
    lambda rng: f"Escribe a ana.perez{_id(rng, 2)}@aurora.example o soporte@aurora.example",
    lambda rng: f"https://crm.example/tickets/{_id(rng, 9)}?tab=2&ts=1728{_id(rng, 9)}",
    lambda rng: f"Message-ID: <{_moment(rng):%Y%m%d%H%M%S}.{_id(rng, 9)}@mail.example.com>",
    lambda rng: f"Lote {_id(rng, 9)}, serie {_id(rng, 9)}",
    lambda rng: f"ticket;agente;cp\n{_id(rng, 4)};{_id(rng, 4)};{_id(rng, 5)}",
    lambda rng: f"{rng.uniform(0, 1):.9f} {rng.uniform(0, 1):.6f}",
    lambda rng: f"Lectura {_id(rng, 6)} kWh, consumo {_id(rng, 3)} kWh",
    lambda rng: f"[{_moment(rng):%d/%m/%y}, {_moment(rng):%H:%M:%S}] Luis: ok, {rng.randrange(99)} %",
    lambda rng: "Un saludo,\nAna Pérez",
    lambda rng: "Gracias de antemano.",
    lambda rng: "La agente es Alicia v5, antes la v4; quedan 12 de 60.",
)


def machine(rng: Rng, number: str) -> str:
    """Return a number as a machine or a web page writes it; Spanish numbers only."""
    digits = number.removeprefix("+")
    national = digits.removeprefix("34")
    groups = grouped(national, (3, 2, 2, 2), " ")
    return rng.choice(MACHINES).format(
        e=number,
        d=digits,
        n9=national,
        g=groups.replace(" ", "-"),
        g_nbsp=groups.replace(" ", "&nbsp;"),
        g_percent=groups.replace(" ", "%20"),
        mojibake=f"+34 {groups}".replace(" ", "Â\u00a0"),
        x9=f"{national[0]}.{national[1:]}E8",
        x11=f"{digits[0]}.{digits[1:]}E+10",
    )


def _pair(rng: Rng, first: str, second: str) -> str:
    nationals = (number.removeprefix("+34") for number in (first, second))
    a9, b9 = nationals
    return rng.choice(PAIRS).format(a=spelled(rng, first), b=spelled(rng, second), a9=a9, b9=b9)


def tickets(seed: int, count: int, ours: Sequence[str], *, strangers: Sequence[str]) -> Iterator[Ticket]:
    """Yield tickets with some of these numbers, and of these strangers' ones."""
    rng = random.Random(seed)
    spanish = [number for number in ours if number.startswith("+34")]
    for _each in range(count):
        lines, named = [], set()
        for _other in range(rng.choice((1, 1, 1, 2, 3))):
            kind = rng.randrange(10)
            if kind < 3:
                number = rng.choice(spanish)
                lines.append(machine(rng, number))
                named.add(number)
            elif kind < 5:
                pair = rng.sample(spanish, 2)
                lines.append(_pair(rng, *pair))
                named.update(pair)
            else:
                number = rng.choice(ours)
                lines.append(rng.choice(SENTENCES).replace("{n}", spelled(rng, number)))
                named.add(number)
        others = set()
        if rng.randrange(4) == 0:
            stranger = rng.choice(strangers)
            lines.append(rng.choice(SENTENCES).replace("{n}", spelled(rng, stranger)))
            others.add(stranger)
        lines += [rng.choice(DISTRACTORS)(rng) for _distractor in range(rng.randrange(7))]
        rng.shuffle(lines)
        yield Ticket("\n".join(lines), frozenset(named), frozenset(others))


def texts_without_numbers(seed: int, count: int) -> Iterator[str]:
    """Yield texts with digits of all kinds but numbers."""
    rng = random.Random(seed)
    for _each in range(count):
        yield rng.choice(("\n", "\n", " ", ", ", "; ")).join(
            rng.choice(DISTRACTORS)(rng) for _distractor in range(rng.randrange(2, 12))
        )
