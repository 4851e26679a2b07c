"""stub"""

from django.http import HttpRequest, HttpResponse


def project_connect(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def project_overview(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def project_settings(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def key_check(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def project_disconnect(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def sync_start(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")


def sync_progress(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")
