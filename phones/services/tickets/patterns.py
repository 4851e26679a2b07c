"""The words of tickets, Spanish and English, as patterns over folded text: lower case, without accents."""

import re
from enum import StrEnum


class Doubt(StrEnum):
    """Why a ticket is not simply done: what has to be asked, or is not done from a text."""

    NO_AGENT = "no_agent"  # No agent of the project is named.
    WHICH_AGENT = "which_agent"  # What is named fits several agents.
    UNSURE_AGENT = "unsure_agent"  # An agent is named, but not as the one that is to answer.
    TWO_ASKS = "two_asks"  # Several agents are named: each may be for another number.
    WHICH_VERSION = "which_version"  # The agent has nothing live, or not the version that is named.
    UNASSIGN = "unassign"
    RENAME = "rename"
    OUTGOING = "outgoing"
    LATER = "later"  # It is to be so at another time, or for some time.
    NEGATED = "negated"
    APART = "apart"  # Some of the numbers are set apart from the others.
    OTHER = "other"  # Something that is not done here, as giving a number back.


_MOVE = (
    r"pas(?:a|ad|ar|e|en|eis|ais|amos|adlos?|adlas?|arlos?|arlas?|alos?|alas?|adme|adnos|enlos?)|(?:re)?asign\w+|"
    r"cambi(?!o\b|os\b)\w+|mov(?:ed|er|edlos?|erlos?)|muev\w+|pon(?:ed|er|ga|gan|gais|edlos?|edle|erlos?|gamos)?|"
    r"deriv\w+|desvi\w+|redirig\w+|redirij\w+|enrut\w+|transf\w+|"
    r"(?:re)?assign|move|switch|(?:re)?route|point|transfer|change|put|give|set|send|redirect|forward|hand|swap"
)
_ANSWER = r"(?:atienda|conteste|responda|lleve|coja)n?|answered by|answer|should take|take over"
ASKS = re.compile(rf"\b(?:{_MOVE}|{_ANSWER})\b|->|→|=>")
_AGENT_WORD = r"(?:(?:el|la|los|the|our|nuestr[oa]) )?(?:agente?|asistente|assistant|bot|voz|voice)? ?"
# What stands directly before the agent that is to answer, and before the one that is to answer no more.
TO = re.compile(
    r"(?:\b(?:a|al|hacia|por|to|onto|by|atienda|conteste|responda|lleve|coja)|->|→|=>)"
    rf" ?{_AGENT_WORD}[\"'“”«»*]?$"
)
FROM = re.compile(
    rf"\b(?:de|del|desde|from|of|en vez de|en lugar de|instead of|que no)(?: a)? {_AGENT_WORD}[\"'“”«»]?$"
)
VERSION = re.compile(r"\b(?:v|ver|version)[ .]?(\d{1,4})\b")
# A sentence ends at a stop that a blank follows, not within a number.
SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|\n")
_REFERENCE_WORD = (
    r"(?:refs?|referencia|reference|ticket|incidencia|caso|case|inc|req|solicitud|request|expediente|tarea|task)"
)
REFERENCE = re.compile(
    rf"\b{_REFERENCE_WORD}\b[ .:#]{{0,3}}(?:n[.ºo]{{0,2}}|num\.?|number|id)?[ .:#]{{0,3}}"
    r"(?P<named>(?:[a-z]{1,6}[-_ ]?)?\d[\w-]{0,20}(?<!-))|"
    r"(?<![\w#&])#(?P<hash>[a-z]{0,6}-?\d[\w-]{1,20}(?<!-))|"
    r"\b(?P<key>(?!sip|v\d)[a-z]{2,6}-\d{2,8})\b",
    re.IGNORECASE,
)
DOUBTS = {
    Doubt.UNASSIGN: re.compile(
        r"\b(?:desasign\w+|sin agente|ningun agente|quit\w+ (?:el|al|la|su) agente|unassign\w*|no agent|"
        r"without an? agent|"
        r"remove (?:the|its|their) agents?)\b"
    ),
    Doubt.RENAME: re.compile(
        r"\b(?:renombr\w+|rename\w*|(?:cambi\w+|pon\w*) (?:de|el|su|un|le) (?:nombre|alias)|llamadlo|llamadla|"
        r"que se llame|"
        r"(?:change|set) (?:the|its) (?:name|alias|nickname)|call it|name it)\b"
    ),
    Doubt.OUTGOING: re.compile(
        r"\b(?:salientes?|de salida|llam\w+ desde|outbound|outgoing|ambas direcciones|dos sentidos|"
        r"both (?:directions|ways|lanes)|"
        r"dial\w*|call(?:s|ing)? out)\b"
    ),
    Doubt.LATER: re.compile(
        r"\b(?:hasta (?:el|la|las|manana|nuevo aviso|que)|a partir de|desde el (?:lunes|martes|miercoles|jueves|"
        r"viernes|sabado|"
        r"domingo|dia)|(?<!esta )(?<!por la )(?<!de la )manana|pasado manana|proxim[oa]|el (?:lunes|martes|"
        r"miercoles|jueves|viernes|"
        r"sabado|domingo)|temporal\w*|cuando|until|till|starting|from (?:monday|tuesday|wednesday|thursday|"
        r"friday|saturday|"
        r"sunday|tomorrow|next)|tomorrow|next (?:week|monday|month)|on (?:monday|tuesday|wednesday|thursday|"
        r"friday|saturday|"
        r"sunday)|temporar\w+|when|por la (?:tarde|noche|manana)|fuera de horario|after hours|at night|"
        r"weekends?|fines? de semana)\b"
    ),
    Doubt.NEGATED: re.compile(
        rf"\b(?:no|nunca|not|never|don[’' ]?t|do not|n[’']t)\b(?: (?:lo|la|los|las|le|me|nos|it|them|to|"
        rf"be))? (?:{_MOVE})\b|"
        r"\bno,? (?:mejor|perdon|sorry)|\b(?:mejor dicho|or rather|i mean|en realidad)\b|\b(?:not|no) (?:to|a)\b"
    ),
    Doubt.APART: re.compile(
        r"\b(?:pero|excepto|salvo|menos|ya esta\w*|va bien|como (?:el|la|los)|igual que|but|except|already|"
        r"works fine|like|"
        r"same as|llamad(?:me|nos)|mi (?:movil|telefono|numero)|call me|my (?:mobile|phone|number)|reach me)\b"
    ),
    Doubt.OTHER: re.compile(
        r"\b(?:dar de baja|dad de baja|dais de baja|baja definitiva|cancel\w+|borr\w+|elimin\w+|port(?:ar|ad|"
        r"abilidad)|release|"
        r"delete|port (?:it|them|the)|port out|buy|comprar)\b"
    ),
}
