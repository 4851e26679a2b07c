"""stub"""

from django.http import HttpRequest, HttpResponse


def home(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def account(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")
