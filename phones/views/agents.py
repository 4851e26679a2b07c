"""stub"""

from django.http import HttpRequest, HttpResponse


def agent_list(request: HttpRequest, **kw: object) -> HttpResponse:
    return HttpResponse("stub")
