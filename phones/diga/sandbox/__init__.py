"""A stand-in Diga for the demo, tests and training: it behaves like the contract, with a switch for each gap."""

from .application import Sandbox
from .faults import Fault
from .server import SandboxServer
from .state import AgentRow, CallRow, Key, PhoneRow, Project, Received, VersionRow
from .switches import Switches

__all__ = [
    "AgentRow",
    "CallRow",
    "Fault",
    "Key",
    "PhoneRow",
    "Project",
    "Received",
    "Sandbox",
    "SandboxServer",
    "Switches",
    "VersionRow",
]
