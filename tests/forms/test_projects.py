"""The forms of the API key and of the time between syncs."""

import pytest

from phones.forms.projects import KeyForm, ReplaceKeyForm, SyncIntervalForm

KEY = "dk_live_0123456789abcdef"


@pytest.mark.parametrize("typed", [KEY, f"  {KEY}\n", f"Bearer {KEY}", f"bearer: {KEY}", f"{KEY[:8]} {KEY[8:]}"])
def test_key_form_gives_the_key_alone(typed: str) -> None:
    form = ReplaceKeyForm({"key": typed})

    assert form.is_valid()
    assert form.cleaned_data["key"] == KEY


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Paste the API key. Nothing was changed."),
        ("   ", "Paste the API key. Nothing was changed."),
        ("Bearer ", "Paste the API key. Nothing was changed."),
        ("••••••••••••1a2b", "This is the masked form of a key. Paste the key itself; Diga shows it once."),
        ("************1a2b", "This is the masked form of a key. Paste the key itself; Diga shows it once."),
        ("short", "This can’t be an API key of Diga: it is too short or has odd characters."),
        ("contraseña-de-dieciséis", "This can’t be an API key of Diga: it is too short or has odd characters."),
    ],
)
def test_key_form_refuses_what_is_no_key(typed: str, sentence: str) -> None:
    form = ReplaceKeyForm({"key": typed})

    assert not form.is_valid()
    assert form.errors == {"key": [sentence]}


def test_key_form_keeps_the_name_and_never_echoes_the_key() -> None:
    form = KeyForm({"name": "Clínicas Aurora", "key": "odd-ñ-" + KEY})

    page = form.as_p()

    assert 'value="Clínicas Aurora"' in page
    assert KEY not in page
    assert KEY not in str(form.errors)


def test_key_field_is_named_and_kept_out_of_the_browsers_memory() -> None:
    field = KeyForm()["key"]

    page = str(field)

    assert field.label == "API key"
    assert 'type="password"' in page
    assert 'autocomplete="new-password"' in page


def test_key_form_takes_a_key_alone() -> None:
    form = KeyForm({"name": " ", "key": KEY})

    assert form.is_valid()
    assert form.cleaned_data["name"] == "Diga project"


@pytest.mark.parametrize("minutes", ["1", "15", "1440"])
def test_interval_form_takes_a_minute_to_a_day(minutes: str) -> None:
    assert SyncIntervalForm({"minutes": minutes}).is_valid()


@pytest.mark.parametrize("minutes", ["", "0", "-5", "1441", "1e9", "often"])
def test_interval_form_refuses_other_times(minutes: str) -> None:
    form = SyncIntervalForm({"minutes": minutes})

    assert list(form.errors) == ["minutes"]
