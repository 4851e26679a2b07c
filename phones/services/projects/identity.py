"""Is this still the Diga project whose phones we have? A key can open another one, and phones of two never mix."""

from collections.abc import Iterable

from phones import diga
from phones.models import Agent, Phone, Project

ASKED_COUNT = 3


class ForeignProject(diga.DigaError):
    """What Diga answered can't be copied: a phone or agent is another project's, as two keys open one Diga project."""

    cause = "foreign_project"


class OtherProject(ForeignProject):
    """The key opens another Diga project than the one that was copied until now."""

    cause = "other_project"


def refuse_other_project(project: Project, client: diga.DigaClient, agents: Iterable[diga.Agent]) -> None:
    """Compare what the key shows with our copy. One request if no agent is known again, up to four more then.

    Ids are unique in all of Diga, so one agent or phone of ours that the key shows settles it. Only where most
    phones of the first page are strangers as well, a few of ours are asked for by their ids: many new phones at
    once are no other project.

    :raises OtherProject: nothing of ours is there.
    :raises ForeignProject: nothing of ours is there, and what is there belongs to another project here.
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
            # That is about this phone alone, and says neither yes nor no.
            refusal = error
            continue
        return
    if refusal:
        raise refusal
    elsewhere = Agent.objects.filter(pk__in=agent_ids).exists() or Phone.objects.filter(pk__in=listed).exists()
    raise ForeignProject if elsewhere else OtherProject
