"""stub"""

from django.http import HttpRequest, HttpResponse


def people_list(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def person_edit(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def invitation_accept(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")
