"""Words beside digits: labels that say they are another kind of id, and words that may touch a number."""

import re

# Labels of what is never a number, however its digits are grouped.
_OTHERS = (
    r"[nc]if|dni|nie|nss|iban|ccc|bic|vat|tva|siren|siret|isbn|imei|imsi|iccid|anydesk|teamviewer|rustdesk|supremo|"
    r"meeting|reuni[oó]n|zoom|webex|passcode|tarjeta|card|"
    # A caller's id is a number: `ID llamante`, `Id. de llamada`.
    r"id\.?(?! (?:del? )?(?:llama(?:da|nte|dor)|l[ií]nea|tel))(?: (?:de(?: la)? )?\w{1,12})?"
)
_EXTENSIONS = r"ext(?:ensi[oó]n(?:es)?|ensions?)?"
# Labels of what may have the shape of a number in one piece.
_IDS = (
    r"pedido|order|factura|invoice|albar[aá]n|refs?|referencia|reference|expediente|expte|exp|tracking|seguimiento|"
    r"env[ií]o|cuenta|account|serie|serial|sn|s/n|lote|batch|lot|p[oó]liza|policy|contrato|contract|mandato(?: sepa)?|"
    r"colegiad[oa]|transacci[oó]n|transaction|operaci[oó]n|autorizaci[oó]n|reserva|booking|localizador|bastidor|sku|ean|cups|nhc|"
    r"historia|hist|uuid|guid|uniqueid|linkedid|call-?id|session|sesi[oó]n|pid|hash|commit|build|barras|barcode|"
    r"c[oó]digo|code|id|inc|req|rma|gu[ií]a|bulto|paquete|package|parcel|shipment|justificante|recibo|receipt|presupuesto|quote|"
    r"licencia|license|ticket|ts|seq|ssrc|timestamp|epoch|offset|price|importe|total|amount|tag|cseq|branch"
)
_NUMBERED = (
    r"ticket|caso|case|incidencia|cliente|customer|socio|solicitud|request|tarea|task|usuario|user|paciente|patient"
)
_SIGN = r"(?:n(?:[o.]|\.o|ro\.?|[uú]m(?:\.|ero)?)|number|id|c[oó]digo|code|\#)"
_MARKS = r"[ ]?[:=#\"']{0,3}[ ]?[\"']?"
_WORD_BEFORE = r"(?<![^\W_])(?<!caller[ _-])"
_OTHER_BEFORE = re.compile(rf"{_WORD_BEFORE}(?:{_OTHERS}|{_EXTENSIONS})[._ ]?{_SIGN}?{_MARKS}(?:\d )?\Z", re.IGNORECASE)
_ID_BEFORE = re.compile(
    r"(?:\#|"
    rf"{_WORD_BEFORE}(?:{_OTHERS}|(?:{_IDS})\b)[._ ]?{_SIGN}?{_MARKS}|"
    rf"{_WORD_BEFORE}(?:{_NUMBERED})[ _-]?{_SIGN}{_MARKS}|"
    rf"{_WORD_BEFORE}{_SIGN} (?:del? )?(?:{_NUMBERED}){_MARKS}|"
    # Letters of a serial number, except those that stand for a telephone.
    r"(?-i:\b(?!T|M|F|P)[A-Z]{1,5}-|\b(?:PO|SO|OC|OT|WO|TT)[ :]{1,2}))\Z",
    re.IGNORECASE,
)
_HOST_BEFORE = re.compile(
    r"\b(?:ip(?:v4)?|hosts?|server|servidor|address|direcci[oó]n|ping|gateway|dns|network|subnet|from|peer|v|versi[oó]n|"
    r"version)\b[ :=]{0,3}\Z",
    re.IGNORECASE,
)
_ID_HEADING = re.compile(rf"(?<![^\W_])(?:{_OTHERS}|{_IDS}|{_NUMBERED})s?(?![^\W_])", re.IGNORECASE)
_PHONE_HEADING = re.compile(
    r"tel[eéf]|\btel\b|tlf|m[oó]vil|fax|phone|mobile|\bd(?:id|di|nis)\b|msisdn|call(?:er|ed|ing)|origen|destino|l[ií]nea",
    re.IGNORECASE,
)
_LOOKED_AT = 40
# Written directly before or after a number: `Tel951201802`, `al951201802`, `951201802x12`.
_STUCK_BEFORE = re.compile(
    r"(?<![^\W_])(?:tel[eé]fono|tel|telf|tlf|tlfno|tfno|tf|fax|fono|m[oó]vil|mov|phone|n[uú]mero|num|nro|no|n|l[ií]nea|did|ddi|msisdn|"
    r"[tmfy]|al?|el|de|del|en)\Z",
    re.IGNORECASE,
)
_STUCK_BEHIND = re.compile(r"(?:tel|tlf|fax|m[oó]v|ext|[xp]\d)", re.IGNORECASE)


def is_labelled_as_id(text: str, place: int, *, is_solid: bool) -> bool:
    """Return whether the text right before a place labels the digits there as another kind of id."""
    before = text[max(0, place - _LOOKED_AT) : place]
    return (_ID_BEFORE if is_solid else _OTHER_BEFORE).search(before) is not None


def heads_ids(heading: str) -> bool:
    """Return whether a heading of a table is of ids, not of phone numbers."""
    return _ID_HEADING.search(heading) is not None and not _PHONE_HEADING.search(heading)


def is_labelled_as_host(text: str, place: int) -> bool:
    """Return whether the text right before a place labels what begins there as the address of a host."""
    return _HOST_BEFORE.search(text[max(0, place - _LOOKED_AT) : place]) is not None


def may_touch(text: str, start: int, stop: int) -> tuple[bool, bool]:
    """Return whether the letters directly before and after digits leave them a number of their own."""
    before, behind = text[max(0, start - 12) : start], text[stop : stop + 8]
    return (
        not _is_latin(before[-1:]) or _STUCK_BEFORE.search(before) is not None,
        not _is_latin(behind[:1]) or _STUCK_BEHIND.match(behind) is not None,
    )


def _is_latin(letter: str) -> bool:
    return letter.isalpha() and letter < "\u0250"
