"""What this database knows of the installations that use it: their folders of data, their keys, their paces."""

import uuid

from django.db import models


class Instance(models.Model):
    """A DATA_DIR, by the id in its file. Nothing is done by itself from one that is not admitted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    host = models.TextField()
    noted_at = models.DateTimeField()
    admitted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.host} {self.pk}"


class KeyProof(models.Model):
    """A proof for one setting: a text sealed with TOKEN_KEYS, or an HMAC with DIARY_KEY. It tells nothing of a key."""

    setting = models.CharField(primary_key=True, max_length=16)
    proof = models.TextField()
    noted_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.setting


class PaceState(models.Model):
    """The state of a project's pace, as text, while Redis is down. See `phones.diga.pace.encoded_state`."""

    name = models.CharField(primary_key=True, max_length=64)
    state = models.TextField()

    def __str__(self) -> str:
        return self.name
