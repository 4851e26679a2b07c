"""Ticking phones in the list, and the panel that says what shall become of them."""

from django.test import Client

from phones.models import Phone
from tests.support.pages.pages import Answer, read, texts

LIST = "/projects/aurora/phones/"
CHOOSE = "/projects/aurora/plans/choose/"
NEW = "/projects/aurora/plans/new/"


def alerts(response: Answer) -> list[str]:
    return texts(read(response), "//*[@id='messages']/p")


def choose(client: Client, *phones: Phone, query: str = "") -> str:
    """Tick phones in the list, and return the address of the panel."""
    response = client.post(CHOOSE + query, {"phone": [str(phone.pk) for phone in phones]})
    assert response.status_code == 302, alerts(response)
    return response["Location"]
