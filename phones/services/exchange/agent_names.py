"""The agent and version that a cell names: by name, by "name v5" or by id. Pure; nothing is guessed."""

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from django.utils.translation import gettext as _

from phones.services.exchange.edited_cells import NotUnderstood
from phones.services.phone_numbers import nickname_key
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.lanes import Target

# How many candidates or versions a sentence lists at most.
NAMED = 8
# For how many unknown names the closest known name is suggested.
SUGGESTIONS = 100
# A longer text is no name, and comparing it with all names would be slow.
NAME_LIMIT = 200
# Searched in the end of the text only: over the whole text the pattern would backtrack at each position.
_AT_END = re.compile(r"[\s·,(]v\.?\s?(\d{1,9})\)?\Z", re.IGNORECASE)
_END_LENGTH = 20
_BETWEEN = " \t\r\n·,(\xa0"
_VERSION = re.compile(r"(?:v\.?\s?)?(\d{1,9})(?:\.0)?", re.IGNORECASE)


class AgentNames:
    """The agents of a project by name and id."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._suggestions = SUGGESTIONS
        self._exact: defaultdict[str, list[AgentEntry]] = defaultdict(list)
        self._alike: defaultdict[str, list[AgentEntry]] = defaultdict(list)
        for agent in catalogue.agents:
            self._exact[agent.name].append(agent)
            self._alike[nickname_key(agent.name)].append(agent)

    def find(self, text: str) -> tuple[AgentEntry, VersionEntry | None]:
        """Return the agent that a cell names, and its version if the cell says which.

        :raises NotUnderstood: there is none, there are several, or Diga no longer lists it.
        """
        text = text.strip()
        if (found_id := as_uuid(text)) is not None:
            return self.by_id(found_id)
        if named := self._named(text):
            return _only_one(text, named), None
        name, number = _parted(text)
        if number and (named := self._named(name)):
            agent = _only_one(name, named)
            return agent, self.version_of(agent, number)
        raise NotUnderstood(self._unknown(name))

    def by_id(self, found_id: uuid.UUID) -> tuple[AgentEntry, VersionEntry | None]:
        """Return the agent with an id, or the agent and version with the id of a version.

        :raises NotUnderstood: there is neither, Diga no longer lists the agent, or the version is a draft.
        """
        agent = self.catalogue.agent(found_id)
        if agent:
            return _listed(agent), None
        found = self.catalogue.version(found_id)
        if not found:
            raise NotUnderstood(_("No agent of this project has the id %(id)s.") % {"id": found_id})
        return _listed(found[0]), _saved(*found)

    def is_called(self, agent: AgentEntry, text: str) -> bool:
        """Return whether a cell, with or without a version, names this agent, be the name unique or not."""
        name, _number = _parted(text.strip())
        ids = {agent.id, *(version.id for version in agent.versions)}
        return as_uuid(text) in ids or agent in self._named(text.strip()) or agent in self._named(name)

    def version_in(self, agent: AgentEntry, text: str) -> VersionEntry | None:
        """Return the version that a cell gives after the name of this agent, or as an id; None if it gives none.

        :raises NotUnderstood: the agent has no such version, or that is a draft.
        """
        _name, number = _parted(text.strip())
        if as_uuid(text) not in (None, agent.id):
            return self.version_of(agent, text)
        return self.version_of(agent, number) if number and agent not in self._named(text.strip()) else None

    def version_of(self, agent: AgentEntry, text: str) -> VersionEntry:
        """Return the version of an agent that "v5", "5" or an id names.

        :raises NotUnderstood: it has no such version, or that is a draft.
        """
        text = text.strip()
        version_id, match = as_uuid(text), _VERSION.fullmatch(text)
        for version in agent.versions:
            if version.id == version_id or (match and version.number == int(match[1])):
                return _saved(agent, version)
        raise NotUnderstood(
            _("“%(agent)s” has no version “%(text)s”. It has %(versions)s.")
            % {"agent": agent.name, "text": text, "versions": _labels(agent.offered)}
        )

    def default_of(self, agent: AgentEntry) -> Target:
        """Return the agent with the version meant if none is named: the published one, or the only saved one.

        :raises NotUnderstood: it has neither.
        """
        version = agent.published or (agent.offered[0] if len(agent.offered) == 1 else None)
        if version:
            return Target(agent, version)
        if not agent.offered:
            raise NotUnderstood(_("“%(agent)s” has only a draft, and no number may have that.") % {"agent": agent.name})
        raise NotUnderstood(
            _("“%(agent)s” has no published version. Say which you mean: %(versions)s.")
            % {"agent": agent.name, "versions": _labels(agent.offered)}
        )

    def _named(self, text: str) -> list[AgentEntry]:
        """Return the agents with exactly this name, else those whose name differs only in case and accents."""
        if len(text) > NAME_LIMIT and text not in self._exact:
            return []
        return self._exact.get(text) or self._alike.get(nickname_key(text), [])

    def _unknown(self, text: str) -> str:
        shown = text[:NAME_LIMIT]
        # Comparing a text with all names is slow, and a file may have very many unknown names.
        self._suggestions -= 1
        close = self._suggestions >= 0 and get_close_matches(nickname_key(shown), list(self._alike), n=1)
        if close:
            return _("No agent of this project is called “%(text)s”. The closest is “%(name)s”.") % {
                "text": shown,
                "name": self._alike[close[0]][0].name,
            }
        return _("No agent of this project is called “%(text)s”.") % {"text": shown}


def _parted(text: str) -> tuple[str, str]:
    """Split a cell into a name and the number of the version after it, "" without one."""
    start = max(0, len(text) - _END_LENGTH)
    found = _AT_END.search(text, start)
    name = text[: found.start()].rstrip(_BETWEEN) if found else ""
    return (name, found[1]) if found and name else (text, "")


def as_uuid(text: str) -> uuid.UUID | None:
    """Return the text as an id, None if it is none."""
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None


def _only_one(text: str, named: Sequence[AgentEntry]) -> AgentEntry:
    listed = [agent for agent in named if agent.is_listed]
    if len(listed) > 1:
        agents = ", ".join(f"{agent.id} ({_labels(agent.offered)})" for agent in listed[:NAMED])
        raise NotUnderstood(
            _("Several agents are called “%(text)s”. Write the id of the one you mean: %(agents)s.")
            % {"text": text, "agents": agents}
        )
    return _listed(listed[0] if listed else named[0])


def _listed(agent: AgentEntry) -> AgentEntry:
    if not agent.is_listed:
        raise NotUnderstood(_("“%(agent)s” is no longer in Diga.") % {"agent": agent.name})
    return agent


def _saved(agent: AgentEntry, version: VersionEntry) -> VersionEntry:
    if version.is_draft:
        raise NotUnderstood(
            _("%(version)s of “%(agent)s” is a draft, and no number may have that.")
            % {"version": version.label, "agent": agent.name}
        )
    return version


def _labels(versions: Iterable[VersionEntry]) -> str:
    labels = [version.label for version in versions]
    return ", ".join([*labels[:NAMED], *(["…"] if len(labels) > NAMED else [])]) or "–"
