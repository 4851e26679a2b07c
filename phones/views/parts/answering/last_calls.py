"""The last calls of a number and the proof of its last change, as its drawer shows them: both are read after it."""

from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from phones.access import Desk
from phones.models import Phone
from phones.services.answering.calls import CallsRead
from phones.services.answering.observed import Observed, Proof
from phones.services.answering.proof import Waiting
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.lanes import Lane
from phones.views.parts.answering.call_lines import CallLine, call_lines
from phones.wording.phones.calls import words_for_no_right, words_for_observed, words_for_proof, words_for_trunk

SHOWN_COUNT = 5
# How often a place for the read is tried for, and how many seconds apart.
TRY_LIMIT, TRY_PAUSE_SECONDS = 3, 3


@dataclass(frozen=True, slots=True)
class ObservedLine:
    """What the last call of a direction shows, in words."""

    tone: str
    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class LastCalls:
    """The last calls. `read_url` is asked for them, "" once they are here or where none can be; `words` say why not."""

    all_url: str
    read_url: str = ""
    pause_seconds: int = 0
    words: str = ""
    settings_url: str = ""
    observed: list[ObservedLine] = field(default_factory=list)
    calls: list[CallLine] = field(default_factory=list)
    asked_at: datetime | None = None
    trunk: str = ""

    @property
    def trigger(self) -> str:
        """When htmx reads them."""
        return f"load delay:{self.pause_seconds}s" if self.pause_seconds else "load"


@dataclass(frozen=True, slots=True)
class ProofLine:
    """The first call after a change in words. `url` is asked again in `pause_seconds`, "" when nothing more is read."""

    tone: str
    icon: str
    text: str
    url: str = ""
    pause_seconds: int = 0


def calls_to_read(desk: Desk, phone: Phone, *, tries: int = 0) -> LastCalls:
    """Return the place of the calls before they are read: nothing is asked where the key lacks the right. No query."""
    all_url = reverse("phone_calls", args=[desk.project.slug, phone.pk])
    if desk.project.can_read_calls is False:
        return without_right(desk, all_url)
    if not desk.project.is_readable or phone.missing_since is not None:
        return LastCalls(all_url, words=_("Calls are not read now: what stands above says why."))
    url = reverse("phone_calls_last", args=[desk.project.slug, phone.pk])
    return LastCalls(all_url, f"{url}?tries={tries}" if tries else url, TRY_PAUSE_SECONDS if tries else 0)


def without_right(desk: Desk, all_url: str) -> LastCalls:
    """Return the place of the calls for a key that may not read them."""
    settings_url = reverse("project_settings", args=[desk.project.slug]) if desk.may_administer else ""
    return LastCalls(all_url, words=words_for_no_right(), settings_url=settings_url)


def last_calls(desk: Desk, phone: Phone, read: CallsRead, observed: list[Observed], catalogue: Catalogue) -> LastCalls:
    """Return the last calls in words, with what they show of each direction."""
    return LastCalls(
        reverse("phone_calls", args=[desk.project.slug, phone.pk]),
        observed=[_observed_line(phone, each, catalogue) for each in observed if _is_told(phone, each)],
        calls=call_lines(read.calls[:SHOWN_COUNT], catalogue),
        asked_at=read.asked_at,
        trunk=words_for_trunk(read.trunk) if read.trunk else "",
    )


def _is_told(phone: Phone, observed: Observed) -> bool:
    """Say whether a direction matters: the outgoing one only where there is an agent for it, or a call."""
    return observed.lane is Lane.INBOUND or phone.outbound_agent_id is not None or observed.call is not None


# icons: circle-check triangle-alert clock
_PROOFS = {
    Proof.MATCH: ("ok", "circle-check"),
    Proof.MISMATCH: ("bad", "triangle-alert"),
    Proof.NOBODY: ("bad", "triangle-alert"),
    Proof.UNPROVEN: ("hold", "clock"),
    Proof.NO_CALL: ("hold", "clock"),
}


def _observed_line(phone: Phone, observed: Observed, catalogue: Catalogue) -> ObservedLine:
    agent = catalogue.agent(phone.inbound_agent_id if observed.lane is Lane.INBOUND else phone.outbound_agent_id)
    configured = f"{agent.name} {agent.published.label if agent.published else ''}".strip() if agent else ""
    return ObservedLine(*_PROOFS[observed.proof], words_for_observed(observed, configured, catalogue))


def proof_line(desk: Desk, phone: Phone, waiting: Waiting, catalogue: Catalogue) -> ProofLine:
    """Return the first call after a change in words."""
    tone, icon = _PROOFS[waiting.proof] if waiting.call else ("hold", "clock")
    text = words_for_proof(waiting, catalogue)
    if waiting.is_over or not desk.project.is_readable or desk.project.can_read_calls is False:
        return ProofLine(tone, icon, text)
    url = reverse("phone_proof", args=[desk.project.slug, phone.pk])
    # The number of the read makes each answer differ from the one before.
    return ProofLine(tone, icon, text, f"{url}?reads={waiting.read_count}", waiting.pause_seconds)
