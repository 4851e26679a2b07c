"""What an API key may do, tested by reads only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from phones import diga

SHORTEST_KEY = 16
MASK_LETTERS = "•*…"


class UnusableKey(Exception):
    """The typed text can't be an API key; the argument is a sentence for the person."""


@dataclass(frozen=True)
class Capability:
    """Whether a key may do one thing: True, False, or None if unknown; and the error of the request."""

    is_allowed: bool | None
    count: int | None = None
    is_count_complete: bool = True
    error: diga.DigaError | None = None


@dataclass(frozen=True)
class KeyCheck:
    """The permissions of a key, tested by reads only. Write permission can't be tested without a change."""

    phones: Capability
    agents: Capability
    calls: Capability
    checked_at: datetime

    @property
    def is_usable(self) -> bool:
        """True when phones and agents can be read: the minimum to work."""
        return bool(self.phones.is_allowed and self.agents.is_allowed)

    @property
    def error(self) -> diga.DigaError | None:
        """The first error of a required read."""
        return self.phones.error or self.agents.error


@sensitive_variables("text")
def clean_key(text: str) -> str:
    """Return the API key in a pasted text: without blanks and a leading `Bearer`.

    :raises UnusableKey: empty, a mask, too short, or with characters that a header can't carry.
    """
    key = "".join(text.split())
    if key.lower().startswith("bearer"):
        key = key[len("bearer") :].lstrip(":")
    if not key:
        raise UnusableKey(_("Paste the API key. Nothing was changed."))
    if any(letter in MASK_LETTERS for letter in key):
        raise UnusableKey(_("This is the masked form of a key. Paste the key itself; Diga shows it once."))
    if len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable():
        raise UnusableKey(_("This can’t be an API key of Diga: it is too short or has odd characters."))
    return key


def _capability(read: Callable[[], tuple[int, bool]]) -> Capability:
    """Run one read and return what it shows: 403 means not permitted, other errors mean unknown."""
    try:
        count, is_complete = read()
    except diga.DigaForbidden as error:
        return Capability(False, error=error)
    except diga.DigaAuthError as error:
        return Capability(False, error=error)
    except diga.DigaError as error:
        return Capability(None, error=error)
    return Capability(True, count, is_complete)


def check_key(client: diga.DigaClient, *, now: datetime) -> KeyCheck:
    """Test by reads what the client's key may do. Three requests, one if the first is refused."""

    def phones() -> tuple[int, bool]:
        page = client.list_phones(limit=100)
        return len(page.data), not page.has_more

    def agents() -> tuple[int, bool]:
        return len(client.list_agents().data), True

    def calls() -> tuple[int, bool]:
        client.list_calls(limit=1)
        return 0, True

    first = _capability(phones)
    if isinstance(first.error, (diga.DigaAuthError, diga.DigaUnavailable, diga.DigaRateLimited)):
        # The key is unknown, or Diga doesn't answer: two more requests would only take longer.
        unasked = Capability(None)
        return KeyCheck(first, unasked, unasked, now)
    return KeyCheck(first, _capability(agents), _capability(calls), now)
