"""The invariant of search and order: what is derived from a row is what the row says."""

from django.db import connection

from phones.models import Agent, Phone
from phones.services.finding.keyset import UNKNOWN_KEY
from phones.services.routing.lanes import Lane
from phones.services.sync.bulk_rows import DERIVED
from phones.services.sync.merge import derived_values


def assert_phones_are_findable(phones: list[Phone] | None = None) -> None:
    """A row is searched and sorted by what it says: nothing else keeps those columns, or SQLite's index, right."""
    phones = list(Phone.objects.all()) if phones is None else phones
    agents = {(agent.project_id, agent.pk): agent.sort_key for agent in Agent.objects.all()}
    for phone in phones:
        derived = dict(zip(DERIVED, derived_values(phone.number, phone.nickname, phone.note), strict=True))
        wrong = [name for name, text in derived.items() if getattr(phone, name) != text]
        for lane in Lane:
            agent_id = getattr(phone, f"{lane}_agent_id")
            key = agents.get((phone.project_id, agent_id), UNKNOWN_KEY) if agent_id else ""
            wrong += [f"{lane}_key"] * (getattr(phone, f"{lane}_key") != key)
        assert not wrong, f"{phone.pk} is not searched or sorted by what it says: {wrong}"
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT phone_id, project_id, search_text FROM phones_searchkey JOIN phones_searchproject"
                " ON place = key >> 32 LEFT JOIN phones_search ON phones_search.rowid = key"
            )
            indexed = sorted(cursor.fetchall())
        expected = sorted((phone.pk.hex, phone.project_id.hex, phone.search_text) for phone in phones)
        assert indexed == expected, "SQLite's index of the phones is not what their rows say"
