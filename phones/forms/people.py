"""The forms for members of a project, and for the password of an invited person."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from phones.diga.key_pattern import KEY
from phones.models import Role

MOST_PEOPLE = 50


def _advice() -> str:
    return " ".join(str(text) for text in password_validators_help_texts())


def _no_key(text: str) -> str:
    """Return a text that is no API key: names are kept for good, and shown.

    :raises ValidationError: it looks like one.
    """
    if KEY.search(text):
        raise forms.ValidationError(_("This looks like an API key. Nobody was invited."))
    return text


class InviteForm(forms.Form):
    """A person to invite."""

    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    full_name = forms.CharField(
        label=_("Full name"),
        max_length=150,
        required=False,
        help_text=_("For a new account; an existing one keeps its name."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.VIEWER)

    def clean_username(self) -> str:
        """Return the username in the form that Django stores."""
        return _no_key(str(User.normalize_username(self.cleaned_data["username"])))

    def clean_full_name(self) -> str:
        """Return the name with single blanks."""
        name: str = self.cleaned_data["full_name"]
        return _no_key(" ".join(name.split()))

    def clean_role(self) -> Role:
        """Return the role itself."""
        return Role(self.cleaned_data["role"])


class InviteSeveralForm(forms.Form):
    """People to invite with one role: a line each, with the username and, after it, the full name."""

    people = forms.CharField(
        label=_("People"),
        max_length=10_000,
        help_text=_("One on each line: the username, then the full name. Fifty at most."),
        widget=forms.Textarea(
            attrs={"rows": 5, "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.VIEWER)

    def clean_people(self) -> list[tuple[str, str]]:
        """Return usernames with full names; each line is checked as one person’s form is."""
        lines = [line.split(maxsplit=1) for line in self.cleaned_data["people"].splitlines() if line.strip()]
        if len(lines) > MOST_PEOPLE:
            raise forms.ValidationError(_("Fifty at most. Nobody was invited."))
        found: dict[str, tuple[str, str]] = {}
        for username, *rest in lines:
            full_name = rest[0] if rest else ""
            form = InviteForm({"username": username.rstrip(",;"), "full_name": full_name, "role": Role.VIEWER})
            if not form.is_valid():
                problems = " ".join(str(text) for texts in form.errors.values() for text in texts)
                raise forms.ValidationError(f"{username}: {problems}")
            person = (form.cleaned_data["username"], form.cleaned_data["full_name"])
            if found.setdefault(person[0].casefold(), person) is not person:
                raise forms.ValidationError(
                    _("%(name)s is there twice. Nobody was invited."), params={"name": username}
                )
        return list(found.values())

    def clean_role(self) -> Role:
        """Return the role itself."""
        return Role(self.cleaned_data["role"])


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)

    def clean_role(self) -> Role:
        """Return the role itself."""
        return Role(self.cleaned_data["role"])


class AcceptForm(forms.Form):
    """The password of a new account, twice."""

    password1 = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=lazy(_advice, str)(),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=_("Password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password1(self) -> str:
        """Return the password if Django's validators take it; it may not be like the person's name."""
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.user)
        return password

    def clean_password2(self) -> str:
        """Return the second password if it equals the first, or if the first has a fault of its own."""
        again: str = self.cleaned_data["password2"]
        if self.cleaned_data.get("password1", again) != again:
            raise forms.ValidationError(_("The two passwords differ."))
        return again
