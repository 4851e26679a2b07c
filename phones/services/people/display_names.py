"""What people are called wherever others see them."""

from django.contrib.auth.models import User


def name_of(person: User) -> str:
    """Return a person's full name, or what they sign in with where they have none."""
    return person.get_full_name() or person.get_username()
