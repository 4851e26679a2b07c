"""What the administrator of an installation does with somebody's account, each an act with its reason."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from phones.management.ready_command import ReadyCommand
from phones.models import ActKind
from phones.services.audit.acts import record_act
from phones.services.people.sessions import end_all_sessions
from phones.services.people.usernames import find_account

PASSWORD_BYTES = 18
KINDS = {
    "deactivate": ActKind.ACCOUNT_DEACTIVATED,
    "activate": ActKind.ACCOUNT_ACTIVATED,
    "new-password": ActKind.PASSWORD_RESET,
}


class Command(ReadyCommand):
    """`manage.py account deactivate ana --reason "Left the company"`."""

    help = "Let a person sign in no more, or again, or give them a new password. Their sessions end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do, the person, and why."""
        parser.add_argument("what", choices=sorted(KINDS))
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="Why, and how you made sure who asks.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and write it down with the reason, in one transaction."""
        what, reason = options["what"], options["reason"].strip()
        if not reason:
            raise CommandError("Say in --reason why. Nothing was changed.")
        with transaction.atomic():
            found = find_account(options["username"])
            if found is None:
                raise CommandError(f"There is no account {options['username']}.")
            user = User.objects.select_for_update().get(pk=found.pk)
            said = _change(user, what)
            now = timezone.now()
            end_all_sessions(user, actor=None, now=now)
            record_act(kind=KINDS[what], actor=None, subject=user, at=now, details={"reason": reason})
        self.stdout.write(said)


def _change(user: User, what: str) -> str:
    """Change the account, and return what to tell.

    :raises CommandError: it is so already.
    """
    name = user.get_username()
    if what == "new-password":
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        user.set_password(password)
        user.save(update_fields=["password"])
        return f"{name} signs in with {password} and should change it under Your account."
    is_active = what == "activate"
    if user.is_active == is_active:
        raise CommandError(f"{name} is {'active' if is_active else 'deactivated'} already. Nothing was changed.")
    user.is_active = is_active
    user.save(update_fields=["is_active"])
    return f"{name} can sign in again." if is_active else f"{name} can't sign in any more. The history keeps the name."
