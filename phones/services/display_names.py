"""The names by which people are shown."""

from django.contrib.auth.models import User


def name_of(person: User) -> str:
    """Return a person's full name, or their username if they have none."""
    return person.get_full_name() or person.get_username()


def name_apart(name: str, username: str) -> str:
    """Return a name with the username behind it, which no two people share: “Ana Ruiz (ana.r)”."""
    return f"{name} ({username})" if username and username != name else name


def unique_name_of(person: User) -> str:
    """Return the name by which others see a person: told apart if another account has the same one. One query.

    Names are kept with what somebody does, so an older entry has the name that was enough at its time.
    """
    others = User.objects.filter(first_name__iexact=person.first_name, last_name__iexact=person.last_name)
    if person.get_full_name() and others.exclude(pk=person.pk).exists():
        return name_apart(name_of(person), person.get_username())
    return name_of(person)
