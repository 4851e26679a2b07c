"""stub"""

from django.http import HttpRequest, HttpResponse


def phone_list(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def phone_edit(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def phone_guard(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def phone_rename(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")
