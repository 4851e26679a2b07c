"""Views that act and show nothing: POST only."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_POST

View = Callable[..., HttpResponse]


def post_only(view: View) -> View:
    """Answer other methods with 405, and mark the view: no sign-in leads to its address (`sign_in.returning`)."""
    marked: Any = require_POST(view)
    marked.is_post_only = True
    found: View = marked
    return found
