"""A person's own choices."""

from django.contrib.auth.models import User

from phones.models import Preference


def has_shortcuts(*, person: User) -> bool:
    """Return whether single keys are shortcuts for the person; they are until turned off. One query."""
    return not Preference.objects.filter(user=person, has_shortcuts=False).exists()


def choose_shortcuts(*, person: User, is_on: bool) -> None:
    """Turn the shortcuts of a single key on or off."""
    Preference.objects.update_or_create(user=person, defaults={"has_shortcuts": is_on})


def hide_first_steps(*, person: User) -> None:
    """Show the person the checklist of the first day no more, in no project."""
    Preference.objects.update_or_create(user=person, defaults={"has_first_steps": False})
