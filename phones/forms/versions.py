"""The field of a form that names a version of an agent."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from phones.services.routing.catalogue import Catalogue
from phones.services.routing.lanes import Target


class VersionField(forms.CharField):
    """A version that a number may be given, by its id, since that is what Diga takes; "" names none.

    The form sets `catalogue`, and `kept`: the value that leaves a lane as it is, offered or not.
    """

    default_error_messages = {"invalid_choice": _("This version is not offered in this project.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.catalogue = Catalogue(())
        self.kept = ""

    def validate(self, value: str) -> None:
        """Refuse what is neither kept nor offered."""
        super().validate(value)
        if value not in {"", self.kept} and not self._is_offered(value):
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")

    def _is_offered(self, value: str) -> bool:
        wanted = version_of(self.catalogue, value)
        # Never a draft, nor an agent that Diga no longer lists; and no other spelling of an id.
        if wanted is None or not wanted.agent.is_listed or wanted.version.is_draft:
            return False
        return str(wanted.version.id) == value


def version_of(catalogue: Catalogue, version_id: str) -> Target | None:
    """Return the version that a request names, with its agent; None where there is no such one."""
    try:
        found = catalogue.version(uuid.UUID(version_id))
    except ValueError:
        return None
    return Target(*found) if found else None
