"""The notice that nothing is done by itself, as the database seems to be a restored copy."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from phones.access import Desk
from phones.services.installation.holding import Hold, hold_of


@dataclass(frozen=True, slots=True)
class HeldNotice:
    """Why plans and schedules wait, and who lets them go on. `release_url` is "" for those who can't."""

    text: str
    release_url: str


def held(desk: Desk) -> HeldNotice | None:
    """Return the notice for this person, None where nothing waits."""
    hold = hold_of(desk.project)
    if hold is None:
        return None
    if hold is Hold.BREAK:
        return HeldNotice(
            _(
                "The database seems to be a restored copy, so no plan goes on and nothing set for a time is done. "
                "It goes on once an administrator has acknowledged the break on the page of changes."
            ),
            "",
        )
    if desk.user.is_superuser:
        return HeldNotice(
            _("The database seems to be a restored copy, so no plan goes on and nothing set for a time is done."),
            reverse("copy_release"),
        )
    return HeldNotice(
        _(
            "The database seems to be a restored copy, so no plan goes on and nothing set for a time is done. "
            "An administrator of this server lets it go on."
        ),
        "",
    )
