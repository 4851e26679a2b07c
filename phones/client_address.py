"""Hands the client's address to the audit log for the time of a request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from phones.services.audit.acts import client_address


class ClientAddress:
    """Sets the address that acts are written down with. Comes after `TrueClient`, which knows the proxies."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = client_address.set(request.META["REMOTE_ADDR"])
        try:
            return self.get_response(request)
        finally:
            client_address.reset(token)
