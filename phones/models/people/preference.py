"""What a person has chosen for themselves, in all projects."""

from django.conf import settings
from django.db import models


class Preference(models.Model):
    """A person's own choices; without a row, all of them are as in the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preference"
    )
    # Shortcuts of a single key disturb who speaks to the computer: they can be turned off (WCAG 2.1.4).
    has_shortcuts = models.BooleanField(default=True)
    # The checklist of the first day, which administrators see on the overview until all of it is done.
    has_first_steps = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"Preferences of {self.user_id}"
