"""A simulated Diga for the demo, tests and training: it follows the contract, with a switch for each gap in it."""

from .application import Sandbox
from .faults.churning import Churn
from .faults.planned import Fault
from .faults.switches import Switches
from .serving.mounting import mounted_session
from .serving.server import SandboxServer
from .state import AgentRow, CallRow, Key, PhoneRow, Project, Received, VersionRow

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
