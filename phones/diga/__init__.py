"""A client for the Diga API, independent of Django and of this project."""

from .client import DigaClient
from .errors import (
    DigaAuthError,
    DigaError,
    DigaForbidden,
    DigaNotFound,
    DigaRateLimited,
    DigaRejected,
    DigaUnavailable,
    Reason,
)
from .pace import Pace, make_pace
from .segments import Gap, WalkedPage
from .transport import new_session
from .types import (
    UNSET,
    Agent,
    AgentList,
    AgentVersion,
    Call,
    CallFilter,
    Page,
    Phone,
    PhoneList,
    PhoneUpdate,
    Publication,
    SipConfig,
    Subscription,
    Unset,
)
from .walking import Walk

__all__ = [
    "UNSET",
    "Agent",
    "AgentList",
    "AgentVersion",
    "Call",
    "CallFilter",
    "DigaAuthError",
    "DigaClient",
    "DigaError",
    "DigaForbidden",
    "DigaNotFound",
    "DigaRateLimited",
    "DigaRejected",
    "DigaUnavailable",
    "Gap",
    "Pace",
    "Page",
    "Phone",
    "PhoneList",
    "PhoneUpdate",
    "Publication",
    "Reason",
    "SipConfig",
    "Subscription",
    "Unset",
    "Walk",
    "WalkedPage",
    "make_pace",
    "new_session",
]
