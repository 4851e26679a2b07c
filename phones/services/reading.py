"""Reading one phone from Diga on demand."""

from collections.abc import Callable
from datetime import datetime

from phones.models import NoKey, Phone, Project

from .connecting import client_for
from .editing import reread
from .intention import Base

__all__ = ["NoKey", "refresh_phone"]


def refresh_phone(*, project: Project, phone: Phone, clock: Callable[[], datetime]) -> bool:
    """Read the phone, copy the answer, and say whether any of its three values had moved.

    :raises NoKey: the project has no usable key.
    :raises DigaError: Diga gave no usable answer; our copy is as before.
    """
    before = Base.of(phone)
    return reread(project=project, phone=phone, client=client_for(project), clock=clock) != before
