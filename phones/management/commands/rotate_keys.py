"""Encrypts every stored secret anew with the newest key of TOKEN_KEYS."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from phones.models import AlertRules, Project
from phones.models.fields import SealBroken, reseal
from phones.services.key_proofs import rotate_proof

# What allauth's adapter seals in the data of a second factor.
SEALED_NAMES = ("secret", "seed")


class Command(BaseCommand):
    """`manage.py rotate_keys`: after a new key was put first in TOKEN_KEYS. Can be stopped and run again any time."""

    help = "Encrypt API keys and second-factor secrets with the newest key of TOKEN_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Go row by row, each in a transaction of its own; report and skip what no key opens."""
        lost = self._rotate_projects() + self._rotate_second_factors() + self._rotate_webhooks()
        rotate_proof()
        if lost:
            raise CommandError(f"{lost} could not be opened by any key of TOKEN_KEYS and stayed as they were.")
        self.stdout.write("The older keys can be taken out of TOKEN_KEYS now, after a restart with the new list.")

    def _rotate_projects(self) -> int:
        ids = Project.objects.exclude(sealed_token="").order_by("pk").values_list("pk", flat=True)
        done = lost = 0
        for project_id in list(ids):
            with transaction.atomic():
                project = Project.objects.select_for_update().get(pk=project_id)
                try:
                    project.reseal_token()
                except SealBroken:
                    self.stderr.write(f"{project.name}: no key opens its API key. Enter it again: connect_project")
                    lost += 1
                    continue
                project.save(update_fields=["sealed_token"])
                done += 1
        self.stdout.write(f"API keys: {done}")
        return lost

    def _rotate_webhooks(self) -> int:
        ids = AlertRules.objects.exclude(sealed_webhook="").order_by("pk").values_list("pk", flat=True)
        done = lost = 0
        for project_id in list(ids):
            with transaction.atomic():
                rules = AlertRules.objects.select_for_update(of=("self",)).select_related("project").get(pk=project_id)
                try:
                    rules.reseal_webhook()
                except SealBroken:
                    self.stderr.write(f"{rules.project.name}: no key opens its webhook. Enter it again.")
                    lost += 1
                    continue
                rules.save(update_fields=["sealed_webhook"])
                done += 1
        self.stdout.write(f"Webhooks: {done}")
        return lost

    def _rotate_second_factors(self) -> int:
        ids = Authenticator.objects.order_by("pk").values_list("pk", flat=True)
        done = lost = 0
        for authenticator_id in list(ids):
            with transaction.atomic():
                factor = Authenticator.objects.select_for_update().get(pk=authenticator_id)
                try:
                    news = {name: reseal(factor.data[name]) for name in SEALED_NAMES if name in factor.data}
                except SealBroken:
                    self.stderr.write(f"{factor.user}: no key opens their second factor. They have to set it up again.")
                    lost += 1
                    continue
                factor.data |= news
                factor.save(update_fields=["data"])
                done += bool(news)
        self.stdout.write(f"Second factors: {done}")
        return lost
