"""Calls in words: how one went, what the last one of a direction shows, and why none are shown."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from phones import diga
from phones.models import LaneSnapshot
from phones.services.answering.calls import SeenCall
from phones.services.answering.observed import Observed, Proof
from phones.services.answering.proof import Waiting
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.lanes import Lane
from phones.wording.history.changes import words_for_read
from phones.wording.moments import words_for_past

DIRECTIONS: dict[str, str | Promise] = {
    "inbound": gettext_lazy("Incoming"),
    "outbound": gettext_lazy("Outgoing"),
}
STATUSES: dict[str, str | Promise] = {
    "dialing": gettext_lazy("Dialling"),
    "in_queue": gettext_lazy("In the queue"),
    "in_progress": gettext_lazy("In progress"),
    "completed": gettext_lazy("Ended"),
}


def words_for_taker(call: SeenCall, catalogue: Catalogue) -> str:
    """Return who took a call: agent and version, as far as we know them; "" for nobody."""
    if call.agent_id is None:
        return ""
    agent = catalogue.agent(call.agent_id)
    found = catalogue.version(call.version_id) if call.version_id else None
    names = {"agent": agent.name if agent else _("an unknown agent"), "version": found[1].label if found else ""}
    if call.version_id and not found:
        return _("%(agent)s, in a version that we don’t know") % names
    return f"{names['agent']} {names['version']}".strip()


def words_for_time(moment: datetime) -> str:
    """Return when a call began: today the time, else with its day; in the site's zone."""
    day, time = words_for_past(moment, timezone.now()), date_format(timezone.localtime(moment), "H:i")
    return time if day == time else f"{day}, {time}"


def words_for_length(seconds: int | None) -> str:
    """Return how long a call took, as minutes and seconds; "" for one that goes on."""
    if seconds is None or seconds < 0:
        return ""
    return f"{seconds // 60}:{seconds % 60:02}"


def words_for_observed(observed: Observed, configured: str, catalogue: Catalogue) -> str:
    """Return what the last call of a lane shows. `configured` is who should take its calls, "" for nobody."""
    call, is_inbound = observed.call, observed.lane is Lane.INBOUND
    if call is None:
        return _("No incoming call among the last ones.") if is_inbound else _("No outgoing call among the last ones.")
    names = {
        "time": words_for_time(call.started_at),
        "taker": words_for_taker(call, catalogue),
        "configured": configured or _("no agent"),
    }
    return (_inbound_pattern(observed.proof, call) if is_inbound else _outbound_pattern(observed.proof)) % names


def _inbound_pattern(proof: Proof, call: SeenCall) -> str:
    match proof:
        case Proof.MATCH if call.agent_id is None:
            return _("As configured: the last call, %(time)s, reached nobody.")
        case Proof.MATCH:
            return _("As configured: %(taker)s answered the last call, %(time)s.")
        case Proof.MISMATCH:
            return _("Not as configured: %(taker)s answered the last call, %(time)s. It should be %(configured)s.")
        case Proof.NOBODY:
            return _("The last call, %(time)s, reached nobody. It should be %(configured)s.")
        case _:
            return _("Incoming calls: not proven yet by a call since the last change.")


def _outbound_pattern(proof: Proof) -> str:
    match proof:
        case Proof.MATCH:
            return _("As configured: %(taker)s made the last outgoing call, %(time)s.")
        case Proof.MISMATCH:
            return _("Not as configured: %(taker)s made the last outgoing call, %(time)s. It should be %(configured)s.")
        case _:
            return _("Outgoing calls: not proven yet by a call since the last change.")


def words_for_proof(waiting: Waiting, catalogue: Catalogue) -> str:
    """Return what the first call after a change shows, or that it is waited for."""
    names = {
        "change": words_for_time(waiting.change.created_at),
        "wanted": _wanted(waiting.wanted),
        "time": words_for_time(waiting.call.started_at) if waiting.call else "",
        "taker": words_for_taker(waiting.call, catalogue) if waiting.call else "",
    }
    return _proof_pattern(waiting) % names


def _wanted(wanted: LaneSnapshot | None) -> str:
    return f"{wanted.name} {wanted.version_label}".strip() if wanted else _("no agent")


def _proof_pattern(waiting: Waiting) -> str:
    is_inbound = waiting.lane is Lane.INBOUND
    if waiting.call is None and waiting.is_over:
        return _("No call has shown the change of %(change)s yet. The last calls will, once there is one.")
    if waiting.call is None:
        return _("Waiting for the first call after the change of %(change)s …")
    if waiting.call.agent_id is None:
        return _("First call after the change: %(time)s, it reached nobody.")
    if waiting.proof is Proof.MATCH and is_inbound:
        return _("First call after the change: %(time)s, answered by %(taker)s.")
    if waiting.proof is Proof.MATCH:
        return _("First call after the change: %(time)s, made by %(taker)s.")
    if is_inbound:
        return _("First call after the change: %(time)s, answered by %(taker)s, and not by %(wanted)s.")
    return _("First call after the change: %(time)s, made by %(taker)s, and not by %(wanted)s.")


def words_for_trunk(trunk: diga.SipConfig) -> str:
    """Return what has to be so outside of Diga for an own number to be reached, and to dial."""
    addresses = ", ".join(trunk.allowed_addresses)
    if addresses:
        inward = _(
            "Own number: its provider has to forward calls to sip.diga.io; Diga takes them from %(addresses)s only."
        ) % {"addresses": addresses}
    else:
        inward = _("Own number: its provider has to forward calls to sip.diga.io; Diga takes them from any address.")
    outward = _("No address to dial by is set.")
    if trunk.termination_uri:
        outward = _("It dials by %(address)s.") % {"address": trunk.termination_uri}
    return f"{inward} {outward}"


def words_for_no_right() -> str:
    """Say what calls would show, and how to allow it."""
    return _(
        "The API key may not read calls. With that right, this place shows the last calls, who took them, and whether "
        "that is what is configured. Allow “Calls: Read” for the key in Diga, then check the key in the settings."
    )


def words_for_unread_calls(error: diga.DigaError) -> str:
    """Say why the calls were not read."""
    words = words_for_read(error)
    return _("The calls could not be read. %(why)s") % {"why": words.then}
