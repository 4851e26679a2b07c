"""Whether a key opens the Diga project whose phones we copied: phones of two Diga projects must not be mixed."""

from collections.abc import Iterable

from phones import diga
from phones.models import Agent, Phone, Project

ASKED_COUNT = 3


class ForeignProject(diga.DigaError):
    """A phone or agent in Diga's answer belongs to another project here: both keys open one Diga project."""

    cause = "foreign_project"


class OtherProject(ForeignProject):
    """The key opens another Diga project than the one that was copied so far."""

    cause = "other_project"


def refuse_other_project(project: Project, client: diga.DigaClient, agents: Iterable[diga.Agent]) -> None:
    """Compare the phones that the key can read with our copy. One request, up to five if no known agent is among them.

    Ids are unique in all of Diga, so one agent or phone of our copy is proof. Only if most phones of the first page are
    unknown as well, a few of our phones are requested by their ids: many new phones at once don't make another project.

    :raises OtherProject: nothing of our copy is there.
    :raises ForeignProject: nothing of our copy is there, and what is there belongs to another project here.
    :raises DigaError: Diga gave no usable answer.
    """
    agent_ids = [agent.agent_id for agent in agents]
    if Agent.objects.filter(project=project, pk__in=agent_ids).exists():
        return
    ours = Phone.objects.filter(project=project, missing_since=None)
    recent = list(ours.order_by("-fetched_at", "id").values_list("pk", flat=True)[:ASKED_COUNT])
    if not recent:
        return
    listed = [phone.id for phone in client.list_phones(limit=100).data]
    if listed and 2 * ours.filter(pk__in=listed).count() >= len(listed):
        return
    refusal: diga.DigaRejected | None = None
    for phone_id in recent:
        try:
            client.get_phone(phone_id)
        except diga.DigaNotFound:
            continue
        except diga.DigaRejected as error:
            # This error is about the one phone, and proves nothing about the project.
            refusal = error
            continue
        return
    if refusal:
        raise refusal
    elsewhere = Agent.objects.filter(pk__in=agent_ids).exists() or Phone.objects.filter(pk__in=listed).exists()
    raise ForeignProject if elsewhere else OtherProject
