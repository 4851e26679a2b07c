"""Another key is noticed before anything is written with it, and taken only when somebody says so."""

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone
from pytest_django import Settings

from phones.models import Act, ActKind, KeyProof, Project
from phones.services.audit.acts import record_act
from phones.services.key_proofs import accept_keys, rotate_proof, wrong_keys

pytestmark = pytest.mark.django_db
OTHER_DIARY_KEY = "another key of the tests, with which nothing was sealed"


def _wrong() -> list[str]:
    return wrong_keys(now=timezone.now())


def _other_key() -> str:
    return Fernet.generate_key().decode()


def test_keys_of_the_first_start_are_those_of_the_database(settings: Settings) -> None:
    assert _wrong() == []

    settings.TOKEN_KEYS, settings.DIARY_KEY = [_other_key()], OTHER_DIARY_KEY

    assert _wrong() == ["TOKEN_KEYS", "DIARY_KEY"]
    assert _wrong() == ["TOKEN_KEYS", "DIARY_KEY"]


def test_key_that_disagrees_with_what_is_stored_is_not_noted(aurora: Project, settings: Settings) -> None:
    right = settings.TOKEN_KEYS, settings.DIARY_KEY
    record_act(kind=ActKind.KEY_CHECKED, actor=None, project=aurora, at=timezone.now())
    settings.TOKEN_KEYS, settings.DIARY_KEY = [_other_key()], OTHER_DIARY_KEY

    assert (_wrong(), KeyProof.objects.count()) == (["TOKEN_KEYS", "DIARY_KEY"], 0)

    settings.TOKEN_KEYS, settings.DIARY_KEY = right
    assert (_wrong(), KeyProof.objects.count()) == ([], 2)


def test_chain_with_several_seals_agrees_with_its_key(aurora: Project) -> None:
    for _number in range(3):
        record_act(kind=ActKind.KEY_CHECKED, actor=None, project=aurora, at=timezone.now())
    record_act(kind=ActKind.SIGNED_OUT, actor=None, at=timezone.now())

    assert _wrong() == []


def test_new_token_key_is_put_in_front_and_the_old_one_taken_out_after_rotation(settings: Settings) -> None:
    (old,), new = settings.TOKEN_KEYS, _other_key()
    assert _wrong() == []

    settings.TOKEN_KEYS = [new, old]
    assert _wrong() == []
    settings.TOKEN_KEYS = [new]
    assert _wrong() == ["TOKEN_KEYS"]

    settings.TOKEN_KEYS = [new, old]
    rotate_proof()
    settings.TOKEN_KEYS = [new]
    assert _wrong() == []


def test_other_keys_are_accepted_once_and_that_is_an_act(settings: Settings) -> None:
    assert (_wrong(), accept_keys(now=timezone.now())) == ([], [])
    settings.DIARY_KEY = OTHER_DIARY_KEY

    assert accept_keys(now=timezone.now()) == ["DIARY_KEY"]

    assert _wrong() == []
    act = Act.objects.get()
    assert (act.kind, act.project, act.actor, act.details) == ("KEYS_ACCEPTED", None, None, {"settings": "DIARY_KEY"})


def test_proofs_hold_no_key(settings: Settings) -> None:
    _wrong()

    stored = str(list(KeyProof.objects.values()))
    assert [key for key in (settings.DIARY_KEY, *settings.TOKEN_KEYS) if key in stored] == []
