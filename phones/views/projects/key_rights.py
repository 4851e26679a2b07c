"""The permissions of a key in words and icons, and why a key was refused."""

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from phones import diga
from phones.models import Project
from phones.services.projects.identity import ForeignProject
from phones.services.projects.key_checks import Capability, KeyCheck
from phones.services.projects.keys import KeyRejected
from phones.wording import causes
from phones.wording.history import changes
from phones.wording.history.changes import Words

NotTaken = KeyRejected | diga.DigaError


@dataclass(frozen=True, slots=True)
class Ability:
    """One line of the list of permissions. `is_allowed` is None if it isn't known."""

    name: str
    is_allowed: bool | None
    is_needed: bool
    text: str

    @property
    def is_lacking(self) -> bool:
        """True for a missing permission that is required."""
        return self.is_allowed is False and self.is_needed

    @property
    def is_refused(self) -> bool:
        """True for a missing permission that is optional."""
        return self.is_allowed is False and not self.is_needed


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a key was refused, its permissions as far as they are known, and the status of the answer."""

    words: Words
    abilities: list[Ability]
    status: int

    @classmethod
    def of(cls, error: NotTaken) -> "Refusal":
        """Return the refusal for an exception."""
        if isinstance(error, ForeignProject):
            return cls(Words("bad", _("Not saved"), causes.words_for_cause(error.cause)), [], 422)
        if isinstance(error, KeyRejected):
            check = error.check
            return cls(changes.words_for_key(check.error), abilities_of_check(check), _status(check.error))
        return cls(changes.words_for_key(error), [], _status(error))


def _status(error: diga.DigaError | None) -> int:
    """Return 422 if Diga refused the key, 502 if it gave no usable answer."""
    is_verdict = error is None or isinstance(error, (diga.DigaAuthError, diga.DigaForbidden, diga.DigaRejected))
    return 422 if is_verdict else 502


def abilities_of_check(check: KeyCheck) -> list[Ability]:
    """Return the permissions found by a check."""
    return _abilities(
        (check.phones.is_allowed, check.agents.is_allowed, check.calls.is_allowed, None),
        phones=_phones_seen(check.phones),
        agents=_agents_seen(check.agents.count) if check.agents.count is not None else "",
    )


def abilities_of(project: Project) -> list[Ability]:
    """Return the permissions known from checks and saves."""
    return _abilities(
        (project.can_read_phones, project.can_read_agents, project.can_read_calls, project.can_write_phones),
        phones=_counted(project.phone_count) if project.synced_at else "",
        agents=_agents_seen(project.agent_count) if project.synced_at else "",
    )


def _abilities(known: tuple[bool | None, ...], *, phones: str, agents: str) -> list[Ability]:
    read_phones, read_agents, read_calls, write_phones = known
    unasked = _("Not asked: an earlier answer left nothing to learn.")
    lacking = _("Needed. Add the right to the key in Diga, then check again.")
    needed = {True: "", False: lacking, None: unasked}
    return [
        Ability(_("Read phones"), read_phones, True, (read_phones and phones) or needed[read_phones]),
        Ability(_("Read agents and versions"), read_agents, True, (read_agents and agents) or needed[read_agents]),
        Ability(
            _("Read calls"), read_calls, False, _("Optional: with it, a number shows its last calls and who took them.")
        ),
        Ability(_("Change phones"), write_phones, True, str(_WRITING[write_phones])),
    ]


_WRITING: dict[bool | None, str | Promise] = {
    None: gettext_lazy("Can’t be tested without changing something. Confirmed at your first save."),
    True: gettext_lazy("Confirmed by a save."),
    False: gettext_lazy("Diga refused a save. Give the key Phones: Write in Diga."),
}


def _phones_seen(capability: Capability) -> str:
    if capability.count is None or capability.is_count_complete:
        return _counted(capability.count or 0)
    return _("More than %(count)s numbers visible") % {"count": number_format(capability.count)}


def _counted(count: int) -> str:
    return ngettext("%(count)s number visible", "%(count)s numbers visible", count) % {"count": number_format(count)}


def _agents_seen(count: int) -> str:
    return ngettext("%(count)s agent", "%(count)s agents", count) % {"count": number_format(count)}
