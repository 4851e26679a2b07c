"""Takes other keys for those of this installation, after the right ones were lost."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from phones.services.key_proofs import accept_keys


class Command(BaseCommand):
    """`manage.py accept_keys`: only when the old keys are lost. What they sealed stays closed."""

    help = "Go on with other TOKEN_KEYS or another DIARY_KEY, where the right ones are lost."

    def handle(self, *args: Any, **options: Any) -> None:
        """Note the keys, and say what follows."""
        wrong = accept_keys(now=timezone.now())
        if not wrong:
            raise CommandError("The keys of the settings are those of this database. Nothing was changed.")
        if "TOKEN_KEYS" in wrong:
            self.stdout.write("Enter the API keys again (connect_project); second factors have to be set up again.")
        if "DIARY_KEY" in wrong:
            self.stdout.write("What was sealed before can't be verified any more: verify_changes will say so.")
