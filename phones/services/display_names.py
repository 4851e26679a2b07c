"""The names by which people are shown."""

from django.contrib.auth.models import User


def name_of(person: User) -> str:
    """Return a person's full name, or their username if they have none."""
    return person.get_full_name() or person.get_username()


def name_apart(name: str, username: str) -> str:
    """Return a name with the username behind it, which no two people share: “Ana Ruiz (ana.r)”."""
    return f"{name} ({username})" if username and username != name else name
