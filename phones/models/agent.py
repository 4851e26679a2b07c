"""Our copy of agents and their versions: names, numbers and what is published. Prompts are never stored."""

import uuid

from django.db import models

from .project import Project


class Agent(models.Model):
    """An agent of Diga. An agent that Diga no longer lists is kept, so that its name can still be shown."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="agents")
    name = models.TextField(null=True, blank=True)
    # Where lists put the phones of this agent; see `keyset.agent_key`.
    sort_key = models.TextField(editable=False, db_default="")
    is_listed = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name or str(self.pk)


class AgentVersion(models.Model):
    """A numbered state of an agent. At most one is published, and only that one takes calls."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    name = models.TextField(null=True, blank=True)
    is_published = models.BooleanField(default=False)
    is_draft = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"v{self.number}"
