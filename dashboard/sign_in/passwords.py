"""Passwords that are easy to guess are refused, however long they are.

zxcvbn estimates the guesses from lists of common passwords, names and words, keyboard rows, dates and repetitions.
Words of the product, the site, its projects and the person are left out of what is estimated.
"""

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from phones.models import Project

# zxcvbn's “safely unguessable”. Sign-in is throttled, and the hashes are slow.
GUESSES = 10**8
# zxcvbn takes no more; its time grows with the length.
LENGTH_LIMIT = 72
PRODUCT = "phone desk phonedesk diga"
# Common in Spanish passwords, and not in zxcvbn's lists, which are English; folded (`_folded`).
SPANISH = (
    "contrasena clave secreto hola gracias amigo amigos familia telefono telefonica llamadas "
    "numeros espana madrid barcelona valencia sevilla malaga zaragoza bilbao futbol realmadrid verano invierno "
    "primavera enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre lunes viernes "
    "domingo"
)


class GuessableValidator:
    """Refuses a password that few guesses find."""

    @sensitive_variables()
    def validate(self, password: str, user: User | None = None) -> None:
        """Estimate the guesses that it takes.

        :raises ValidationError: they are too few.
        """
        # Its lists take 14 MB and 0.1 s, in a process that has need of them.
        from zxcvbn import zxcvbn

        left = _folded(password)
        for word in sorted(set(_own_words(user)), key=len, reverse=True):
            left = left.replace(word, "")
        if not left or zxcvbn(left[:LENGTH_LIMIT], user_inputs=SPANISH.split())["guesses"] < GUESSES:
            raise ValidationError(
                _("This password is easy to guess. Use several words that don’t belong together."), code="guessable"
            )

    def get_help_text(self) -> str:
        """Return what a password has to be."""
        return _("It can’t be easy to guess: no common words, names of this site, rows of keys or repetitions.")


def _own_words(user: User | None) -> Iterator[str]:
    """Yield the words of the product, the host name, the projects' names and the person's, from four letters on."""
    names = [PRODUCT, urlsplit(settings.SITE_URL).hostname or "", *Project.objects.values_list("name", flat=True)]
    if user is not None:
        names += [user.get_username(), user.first_name, user.last_name]
    for name in names:
        yield from re.findall(r"[^\W_]{4,}", _folded(name))


def _folded(text: str) -> str:
    """Return the text in small letters without accents: who guesses leaves them out, as people do who choose."""
    return "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
