"""stub"""

from django.http import HttpRequest, HttpResponse


def change_list(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def change_detail(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")
