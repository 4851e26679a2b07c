"""People in words."""

from collections.abc import Sequence

from django.utils.translation import ngettext

# More names than that are counted.
NAMES_SHOWN = 5


def words_for_names(names: Sequence[str]) -> str:
    """Return names as a list, "" for none; those beyond `NAMES_SHOWN` are counted."""
    shown, rest = ", ".join(names[:NAMES_SHOWN]), len(names) - NAMES_SHOWN
    if rest <= 0:
        return shown
    more = ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", rest)
    return more % {"names": shown, "count": rest}
