"""What answers of Diga say of a project: the state of its key, and whether Diga is reached."""

from datetime import datetime
from typing import Any

from phones import diga
from phones.models import Project, TokenState
from phones.services.projects.identity import ForeignProject

# Reasons that mean that Diga, or the network, is down; any other may be one bad answer.
_SILENCES = frozenset(
    {
        diga.Reason.REFUSED,
        diga.Reason.NAME,
        diga.Reason.CONNECT_TIMEOUT,
        diga.Reason.TLS,
        diga.Reason.TIMEOUT,
        diga.Reason.DISCONNECTED,
        diga.Reason.DEADLINE,
        diga.Reason.SERVER_ERROR,
        diga.Reason.NOT_JSON,
    }
)


class KeyChanged(Exception):
    """The key that Diga was asked about was replaced or removed meanwhile: nothing was stored."""


def has_same_key(project: Project) -> bool:
    """Return whether the project still has the key that it had when it was loaded."""
    return Project.objects.filter(pk=project.pk, token_id=project.token_id).exists()


def note_of_key(project: Project, **news: Any) -> bool:
    """Store what an answer says about the key that got it; False if that was replaced or removed meanwhile."""
    return _note(project, news, token_id=project.token_id)


def _note(project: Project, news: dict[str, Any], **expected: Any) -> bool:
    """Store news in the project's row; False if there is none any more with the expected values."""
    if not Project.objects.filter(pk=project.pk, **expected).update(**news):
        return False
    for name, value in news.items():
        setattr(project, name, value)
    return True


def note_refusal(project: Project, error: diga.DigaError, now: datetime) -> None:
    """Store what a failed call says about the key (401 rejects it) and about Diga (no answer: it is down).

    A key that opens another project's data here is recorded as well.
    """
    if isinstance(error, diga.DigaAuthError) and not project.is_rejected:
        note_of_key(project, token_state=TokenState.REJECTED)
    if isinstance(error, ForeignProject):
        note_of_key(project, foreign_cause=error.cause)
    if not isinstance(error, diga.DigaUnavailable):
        note_answer(project)
    elif error.reason in _SILENCES and project.is_reachable:
        _note(project, {"unreachable_since": now, "unreachable_cause": error.reason.value})


def note_answer(project: Project, *, is_ours: bool = False) -> None:
    """Store that Diga answers, if that is news. `is_ours` says that its agents are this project's."""
    if is_ours and project.foreign_cause:
        note_of_key(project, foreign_cause="")
    if not project.is_reachable:
        _note(project, {"unreachable_since": None, "unreachable_cause": ""})
