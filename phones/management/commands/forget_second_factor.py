"""Removes the second factors of somebody who has lost them, recovery codes included."""

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from phones.management.ready_command import ReadyCommand
from phones.models import ActKind
from phones.services.audit.acts import record_act
from phones.services.people.sessions import end_all_sessions
from phones.services.people.usernames import find_account


class Command(ReadyCommand):
    """`manage.py forget_second_factor ana --reason "Called back on the number in the staff directory"`."""

    help = "Remove a person's second factors and end their sessions. Make sure first that it is the person who asks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the person, and how it was made sure that it is they who ask."""
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="How you made sure that it is the person who asks.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove them, and write it down with the reason, in one transaction."""
        user = find_account(options["username"])
        if user is None:
            raise CommandError(f"There is no account {options['username']}.")
        reason = options["reason"].strip()
        if not reason:
            raise CommandError("Say in --reason how you made sure that it is the person who asks. Nothing was changed.")
        now = timezone.now()
        with transaction.atomic():
            factors = Authenticator.objects.select_for_update().filter(user=user).order_by("pk")
            means = list(factors.values_list("type", flat=True))
            if not means:
                raise CommandError(f"{user.get_username()} has no second factor. Nothing was changed.")
            factors.delete()
            end_all_sessions(user, actor=None, now=now)
            details = {"means": " ".join(means), "reason": reason}
            record_act(kind=ActKind.SECOND_FACTOR_OFF, actor=None, subject=user, at=now, details=details)
        self.stdout.write(f"{user.get_username()} signs in with the password alone now, and should set up a new one.")
