"""The field for a version takes what is offered, and what the lane keeps."""

import pytest
from django import forms

from phones.forms.versions import VersionField
from tests.support.pages.phone_forms import CATALOGUE, version_id


def make_field(kept: str = "") -> VersionField:
    field = VersionField()
    field.catalogue, field.kept = CATALOGUE, kept
    return field


@pytest.mark.parametrize("value", ["", version_id(1, 1), version_id(3, 2)])
def test_offered_versions_and_none_are_taken(value: str) -> None:
    assert make_field().clean(value) == value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(version_id(1, 3), id="draft"),
        pytest.param(version_id(4, 1), id="agent no longer in Diga"),
        pytest.param(version_id(9, 1), id="unknown"),
        pytest.param("v9", id="no id"),
        pytest.param(version_id(1, 1).replace("-", ""), id="another spelling"),
    ],
)
def test_what_is_not_offered_is_refused_unless_it_is_kept(value: str) -> None:
    with pytest.raises(forms.ValidationError):
        make_field().clean(value)

    assert make_field(kept=value).clean(value) == value
