"""Tables and querysets. No network, no rules of the edit path."""

from .agent import Agent, AgentVersion
from .change import Change, NamedAgent, Outcome, Source
from .phone import Phone
from .project import Membership, NoKey, Project, Role, TokenState
from .seal import ChainHead, ChangeSeal, SealKind
from .sync import SyncRun, SyncState
from .view import SavedView, Selection

__all__ = [
    "Agent",
    "AgentVersion",
    "ChainHead",
    "Change",
    "ChangeSeal",
    "Membership",
    "NamedAgent",
    "NoKey",
    "Outcome",
    "Phone",
    "Project",
    "Role",
    "SavedView",
    "SealKind",
    "Selection",
    "Source",
    "SyncRun",
    "SyncState",
    "TokenState",
]
