"""Tables and querysets. No network, no rules of editing."""

from .agent import Agent, AgentVersion
from .alert import EVENTS, Alert, AlertChannel, AlertKind, AlertRules, AlertState, NoWebhook
from .audit.act import Act, ActKind
from .audit.change import Change, NamedAgent, Outcome, Source
from .audit.seal import SITE_CHAIN, ChainBreak, ChainHead, ChangeSeal, SealKind, chain_of
from .installation import Instance, KeyProof, PaceState
from .lanes import LaneSnapshot, SnapshotEncoder
from .people.invitation import Invitation, InvitationState
from .people.preference import Preference
from .people.session import Session
from .people.view import SavedView, Selection
from .phone import Phone
from .plan import OPEN_ITEMS, Foreseen, ItemState, Plan, PlanItem, PlanKind, PlanState, PlanStep, StepKind
from .project import Membership, NoKey, Project, Role, TokenState
from .publishing import PublishRequest
from .schedule import NOTICES, OPEN_SCHEDULES, Schedule, ScheduleKind, ScheduleState
from .sync import SyncRun, SyncState
from .upload import Upload

__all__ = [
    "EVENTS",
    "NOTICES",
    "OPEN_ITEMS",
    "OPEN_SCHEDULES",
    "SITE_CHAIN",
    "Act",
    "ActKind",
    "Agent",
    "AgentVersion",
    "Alert",
    "AlertChannel",
    "AlertKind",
    "AlertRules",
    "AlertState",
    "ChainBreak",
    "ChainHead",
    "Change",
    "ChangeSeal",
    "Foreseen",
    "Instance",
    "Invitation",
    "InvitationState",
    "ItemState",
    "KeyProof",
    "LaneSnapshot",
    "Membership",
    "NamedAgent",
    "NoKey",
    "NoWebhook",
    "Outcome",
    "PaceState",
    "Phone",
    "Plan",
    "PlanItem",
    "PlanKind",
    "PlanState",
    "PlanStep",
    "Preference",
    "Project",
    "PublishRequest",
    "Role",
    "SavedView",
    "Schedule",
    "ScheduleKind",
    "ScheduleState",
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
