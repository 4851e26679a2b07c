"""Who else has a phone open: seen for a few minutes, by members of its project only, and cheap."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

from phones.models import Membership, Phone
from phones.services.editing.presence import GONE_AFTER, NOTED_FOR, Presence, note_presence, others_present

NOW = datetime(2026, 10, 9, 10, 40, tzinfo=UTC)


def at(seconds: float) -> Callable[[], datetime]:
    """Return a clock that stands so long after the start."""
    return lambda: NOW + timedelta(seconds=seconds)


def test_person_who_opens_a_phone_sees_who_opened_it_before(sales_phone: Phone, router: User, lead: User) -> None:
    first = note_presence(phone=sales_phone, user=lead, clock=at(0))
    second = note_presence(phone=sales_phone, user=router, clock=at(40))

    assert first == []
    assert second == [Presence("Lead Ruiz", NOW)]
    assert others_present(phone=sales_phone, user=lead, clock=at(41)) == [Presence("Router Ruiz", at(40)())]


def test_other_phones_are_other_places(sales_phone: Phone, spare_phone: Phone, router: User, lead: User) -> None:
    note_presence(phone=spare_phone, user=lead, clock=at(0))

    assert note_presence(phone=sales_phone, user=router, clock=at(1)) == []


def test_hint_is_gone_after_a_while_and_stays_while_the_person_looks_again(
    sales_phone: Phone, router: User, lead: User
) -> None:
    limit = GONE_AFTER.total_seconds()
    note_presence(phone=sales_phone, user=lead, clock=at(0))
    assert len(others_present(phone=sales_phone, user=router, clock=at(limit - 1))) == 1
    assert others_present(phone=sales_phone, user=router, clock=at(limit)) == []

    note_presence(phone=sales_phone, user=lead, clock=at(limit - 10))

    assert others_present(phone=sales_phone, user=router, clock=at(limit + 60)) == [Presence("Lead Ruiz", NOW)]


def test_person_is_written_down_anew_only_now_and_then(
    sales_phone: Phone, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_presence(phone=sales_phone, user=lead, clock=at(0))
    writes: list[object] = []
    monkeypatch.setattr(cache, "set", lambda *args, **_options: writes.append(args))

    note_presence(phone=sales_phone, user=lead, clock=at(NOTED_FOR.total_seconds() - 1))
    assert writes == []
    note_presence(phone=sales_phone, user=lead, clock=at(NOTED_FOR.total_seconds()))
    assert len(writes) == 1


def test_somebody_who_is_no_longer_a_member_is_not_named(sales_phone: Phone, router: User, lead: User) -> None:
    note_presence(phone=sales_phone, user=lead, clock=at(0))
    Membership.objects.filter(user=lead).delete()

    assert note_presence(phone=sales_phone, user=router, clock=at(1)) == []


def test_cache_holds_no_names(sales_phone: Phone, lead: User) -> None:
    note_presence(phone=sales_phone, user=lead, clock=at(0))

    assert cache.get(f"presence:{sales_phone.pk}") == {str(lead.pk): [NOW.timestamp(), NOW.timestamp()]}


def test_clock_that_is_set_back_neither_keeps_anybody_there_nor_unseen(
    sales_phone: Phone, router: User, lead: User
) -> None:
    note_presence(phone=sales_phone, user=lead, clock=at(3600))

    assert note_presence(phone=sales_phone, user=router, clock=at(0)) == []
    note_presence(phone=sales_phone, user=lead, clock=at(1))
    assert others_present(phone=sales_phone, user=router, clock=at(2)) == [Presence("Lead Ruiz", at(1)())]
