"""What Diga says in tests of our copy: answers made by hand, and what storing them writes."""

from typing import Any
from uuid import UUID

from django.test.utils import CaptureQueriesContext

from phones import diga


def answer(number: int = 1, **values: Any) -> diga.Phone:
    """Return what Diga says about the phone with this id."""
    known = {"id": UUID(int=number), "number": f"+3495120180{number}", "telephony_provider": "netelip"}
    return diga.Phone.model_validate(known | {"status": "assigned", "nickname": "Recepción"} | values)


def listed(*agents: diga.Agent, malformed_count: int = 0, is_cut: bool = False) -> diga.AgentList:
    """Return what Diga says about its agents."""
    return diga.AgentList(agents, malformed_count, is_cut)


def agent(number: int = 1, *versions: diga.AgentVersion, name: str | None = "Alicia") -> diga.Agent:
    return diga.Agent(agent_id=UUID(int=number), name=name, versions=versions)


def version(number: int, *, is_published: bool = False, of: int = 1, name: str | None = None) -> diga.AgentVersion:
    return diga.AgentVersion(
        version_id=UUID(int=100 * of + number), version_number=number, version_name=name, is_published=is_published
    )


def writes(captured: CaptureQueriesContext) -> list[str]:
    """List the statements that change rows, in short."""
    verbs = ("INSERT", "UPDATE", "DELETE")
    # Many rows at once are captured as "2 times: INSERT …".
    statements = [query["sql"].rpartition(" times: ")[2] for query in captured]
    return [" ".join(sql.split()[:3]) for sql in statements if sql.startswith(verbs)]
