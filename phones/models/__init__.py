"""Tables and querysets. No network, no rules of editing."""

from .act import Act, ActKind
from .agent import Agent, AgentVersion
from .change import Change, NamedAgent, Outcome, Source
from .invitation import Invitation, InvitationState
from .lanes import LaneSnapshot, SnapshotEncoder
from .phone import Phone
from .plan import OPEN_ITEMS, Foreseen, ItemState, Plan, PlanItem, PlanKind, PlanState, PlanStep, StepKind
from .project import Membership, NoKey, Project, Role, TokenState
from .publishing import PublishRequest
from .seal import SITE_CHAIN, ChainBreak, ChainHead, ChangeSeal, SealKind, chain_of
from .session import Session
from .sync import SyncRun, SyncState
from .upload import Upload
from .view import SavedView, Selection

__all__ = [
    "OPEN_ITEMS",
    "SITE_CHAIN",
    "Act",
    "ActKind",
    "Agent",
    "AgentVersion",
    "ChainBreak",
    "ChainHead",
    "Change",
    "ChangeSeal",
    "Foreseen",
    "Invitation",
    "InvitationState",
    "ItemState",
    "LaneSnapshot",
    "Membership",
    "NamedAgent",
    "NoKey",
    "Outcome",
    "Phone",
    "Plan",
    "PlanItem",
    "PlanKind",
    "PlanState",
    "PlanStep",
    "Project",
    "PublishRequest",
    "Role",
    "SavedView",
    "SealKind",
    "Selection",
    "Session",
    "SnapshotEncoder",
    "Source",
    "StepKind",
    "SyncRun",
    "SyncState",
    "TokenState",
    "Upload",
    "chain_of",
]
