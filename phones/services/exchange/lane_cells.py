"""The lane that the three edited cells of a row ask for: agent name, agent id, version. Pure.

A cell that equals what the export writes today was not edited, and has no effect. So an edit of any one cell takes
effect whatever stale values the two others hold:

- A name or an id names the agent. Both may be edited if they agree; an emptied one beside an edited one is ignored.
- An emptied name or id, with the other left alone, unassigns.
- A version alone is one of the current agent. Beside a new agent it is one of the new one.
- Without an edited version the agent's published version is used. If nothing in the line shows that its version
    belongs to the old agent, the row is refused, since the new agent's version of that number may be meant.
"""

import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _

from phones import diga
from phones.services.exchange.agent_names import AgentNames, as_uuid
from phones.services.exchange.edited_cells import NotUnderstood, is_untouched
from phones.services.routing.catalogue import AgentEntry, VersionEntry
from phones.services.routing.lanes import Target
from phones.services.tables.cell_guard import unguarded


@dataclass(frozen=True, slots=True)
class LaneCells:
    """The three cells of a lane; None for a column that the file doesn't have."""

    agent: str | None
    id: str | None
    version: str | None


NO_CELLS = LaneCells(None, None, None)


@dataclass(frozen=True, slots=True)
class LaneEdit:
    """The edits of a lane's cells: None for an unedited cell, "" for an emptied one."""

    agent: str | None
    id: str | None
    version: str | None

    @classmethod
    def of(cls, cells: LaneCells, exported: LaneCells) -> "LaneEdit":
        """Compare the cells of a file with those that the export writes today."""
        return cls(
            _typed(cells.agent, exported.agent or ""),
            _typed_id(cells.id, exported.id or ""),
            _typed_version(cells.version, exported.version or ""),
        )

    @property
    def is_empty(self) -> bool:
        """True when no cell was edited."""
        return self.agent is None and self.id is None and self.version is None


def wanted_lane(
    *, cells: LaneCells, exported: LaneCells, agent_id: uuid.UUID | None, names: AgentNames
) -> Target | diga.Unset | None:
    """Return the version that the cells ask for in a lane that now has `agent_id`; UNSET leaves it, None unassigns.

    :raises NotUnderstood: they name nothing, several agents or versions, or contradict each other.
    """
    edit = LaneEdit.of(cells, exported)
    if edit.is_empty:
        return diga.UNSET
    if not edit.agent and not edit.id and (edit.agent is not None or edit.id is not None):
        if edit.version:
            raise NotUnderstood(
                _("The agent is emptied, but a version is given: “%(version)s”.") % {"version": edit.version}
            )
        return None
    if not edit.agent and not edit.id:
        return _other_version(edit.version or "", names.catalogue.agent(agent_id), names)
    agent, version = _agent(edit, names)
    version = _same(version, names.version_of(agent, edit.version) if edit.version else None)
    if version:
        return Target(agent, version)
    target = names.default_of(agent)
    if agent.id != agent_id and edit.version is None:
        _check_stale_version(cells, edit, target)
    return target


def _other_version(version: str, agent: AgentEntry | None, names: AgentNames) -> Target:
    """Return the version that is asked for of the lane's current agent."""
    found = as_uuid(version)
    if found is not None and agent is None:
        owner, saved = names.by_id(found)
        return Target(owner, saved) if saved else names.default_of(owner)
    if agent is None:
        raise NotUnderstood(_("The line names a version, “%(version)s”, but no agent.") % {"version": version})
    if not agent.is_listed:
        raise NotUnderstood(_("“%(agent)s” is no longer in Diga.") % {"agent": agent.name})
    return Target(agent, names.version_of(agent, version)) if version else names.default_of(agent)


def _agent(edit: LaneEdit, names: AgentNames) -> tuple[AgentEntry, VersionEntry | None]:
    """Return the agent that the edited name or id names, and the version if one of them includes it."""
    if not edit.id:
        return names.find(edit.agent or "")
    found_id = as_uuid(edit.id)
    if found_id is None:
        raise NotUnderstood(_("“%(text)s” is no id.") % {"text": edit.id[:80]})
    agent, version = names.by_id(found_id)
    if not edit.agent:
        return agent, version
    if not names.is_called(agent, edit.agent):
        raise NotUnderstood(
            _("The line names two agents: the id is that of “%(agent)s”, and the name is “%(name)s”.")
            % {"agent": agent.name, "name": edit.agent[:80]}
        )
    return agent, _same(version, names.version_in(agent, edit.agent))


def _same(one: VersionEntry | None, other: VersionEntry | None) -> VersionEntry | None:
    """Return the one version of two cells that may each name one.

    :raises NotUnderstood: two are named.
    """
    if one and other and one.id != other.id:
        raise NotUnderstood(
            _("The line names two versions: %(one)s and %(other)s.") % {"one": one.label, "other": other.label}
        )
    return one or other


def _check_stale_version(cells: LaneCells, edit: LaneEdit, target: Target) -> None:
    """Refuse a version that may be left over from the old agent.

    :raises NotUnderstood: it differs from the target's, and no name or id of the old agent stands beside it.
    """
    is_from_export = (edit.agent is None and cells.agent) or (edit.id is None and cells.id)
    version = (cells.version or "").strip()
    if version and not is_from_export and version != target.version.label:
        raise NotUnderstood(
            _(
                "The line says %(version)s, but “%(agent)s” has %(published)s published. Say which you mean: "
                "write “%(agent)s %(version)s” or “%(agent)s %(published)s” as its name."
            )
            % {"version": version, "agent": target.agent.name, "published": target.version.label}
        )


def _typed(cell: str | None, exported: str) -> str | None:
    is_kept = cell is None or is_untouched(cell, exported) or cell.strip() == exported.strip()
    return None if cell is None or is_kept else unguarded(cell).strip()


def _typed_id(cell: str | None, exported: str) -> str | None:
    typed = _typed(cell, exported)
    return None if typed and exported and as_uuid(typed) == as_uuid(exported) else typed


def _typed_version(cell: str | None, exported: str) -> str | None:
    typed = _typed(cell, exported)
    return None if typed and exported and typed.lower().removeprefix("v").removesuffix(".0") == exported[1:] else typed
