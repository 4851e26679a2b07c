"""A simulated Diga for the demo, tests and training: it follows the contract, with a switch for each gap in it."""

from .application import Sandbox
from .churning import Churn
from .faults import Fault
from .mounting import mounted_session
from .server import SandboxServer
from .state import AgentRow, CallRow, Key, PhoneRow, Project, Received, VersionRow
from .switches import Switches

__all__ = [
    "AgentRow",
    "CallRow",
    "Churn",
    "Fault",
    "Key",
    "PhoneRow",
    "Project",
    "Received",
    "Sandbox",
    "SandboxServer",
    "Switches",
    "VersionRow",
    "mounted_session",
]
