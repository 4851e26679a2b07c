"""Who else has a phone open right now: a soft hint, never a lock. Kept in the cache, as ids and times only.

Two people who open a phone in the same instant may miss each other; the comparison before a write doesn't.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import Q

from phones.models import Phone
from phones.services.clock import Clock, has_passed
from phones.services.display_names import unique_name_of

GONE_AFTER = timedelta(minutes=5)
# A person who is still there is noted again no more often than this: it is a write.
NOTED_FOR = timedelta(seconds=30)
# User id -> when the phone was opened, when it was last looked at.
Sightings = dict[int, tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody else who has the phone open."""

    name: str
    opened_at: datetime


def note_presence(*, phone: Phone, user: User, clock: Clock) -> list[Presence]:
    """Note that a person has the phone open, and return who else has, the latest first.

    One read of the cache, a write to it if the person wasn't noted lately, one query if somebody else is there.
    """
    now = clock()
    seen = _present(phone, now)
    opened_at, seen_at = seen.get(user.pk, (now, None))
    if has_passed(NOTED_FOR, seen_at, now):
        seen[user.pk] = (opened_at, now)
        kept = {user_id: [moment.timestamp() for moment in times] for user_id, times in seen.items()}
        cache.set(_key(phone), kept, timeout=GONE_AFTER.total_seconds())
    return _named(phone, seen, user)


def others_present(*, phone: Phone, user: User, clock: Clock) -> list[Presence]:
    """Return who else has the phone open, the latest first. One read of the cache, one query if anybody is there."""
    return _named(phone, _present(phone, clock()), user)


def _key(phone: Phone) -> str:
    return f"presence:{phone.pk}"


def _present(phone: Phone, now: datetime) -> Sightings:
    # In JSON: user ids are texts, times are seconds since 1970.
    kept: dict[str, tuple[float, float]] = cache.get(_key(phone)) or {}
    seen = {
        int(user_id): (datetime.fromtimestamp(opened_at, tz=UTC), datetime.fromtimestamp(seen_at, tz=UTC))
        for user_id, (opened_at, seen_at) in kept.items()
    }
    return {user_id: times for user_id, times in seen.items() if not has_passed(GONE_AFTER, times[1], now)}


def _named(phone: Phone, seen: Sightings, user: User) -> list[Presence]:
    """Return the others by the names they have now, as far as they are still members of the phone's project."""
    ids = seen.keys() - {user.pk}
    if not ids:
        return []
    is_member = Q(memberships__project=phone.project_id) | Q(is_superuser=True)
    people = User.objects.filter(is_member, pk__in=ids, is_active=True).distinct()
    others = [Presence(unique_name_of(each), seen[each.pk][0]) for each in people]
    return sorted(others, key=lambda other: other.opened_at, reverse=True)
