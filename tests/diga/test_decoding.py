"""Whatever arrives becomes a record or exactly one error, and a record is fit for a database."""

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phones.diga import (
    Agent,
    Call,
    DigaError,
    DigaUnavailable,
    Page,
    Phone,
    Reason,
)
from phones.diga.decoding import Reply, _note_unknown, decode, decode_page, decode_record, decode_rows

PHONE_ID = UUID("11111111-1111-4111-8111-111111111111")
DATE = datetime(2026, 10, 9, 9, 0, tzinfo=UTC)


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.uuids().map(str)
    | st.datetimes().map(datetime.isoformat)
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
)
names = st.sampled_from(
    [
        *Phone.model_fields,
        *Agent.model_fields,
        *Call.model_fields,
        *("data", "has_more", "first_id", "last_id", "current_page", "total_pages", "version_id"),
        *("version_number", "is_draft", "detail", "loc", "msg", "message", "error_code"),
    ]
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=3), inner, max_size=8),
    max_leaves=25,
)
PHONE_REQUIRED = {"id", "number", "telephony_provider", "status"}
almost_phones = st.fixed_dictionaries(
    {
        "id": st.uuids().map(str) | scalars,
        "number": st.text() | scalars,
        "telephony_provider": st.just("netelip") | scalars,
        "status": st.just("assigned") | scalars,
    },
    optional={name: anything for name in Phone.model_fields if name not in PHONE_REQUIRED},
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=anything | almost_phones, status=st.sampled_from([200, 201, 304, 401, 404, 422, 429, 500, 999]))
def test_every_json_becomes_a_record_or_one_error(value: object, status: int) -> None:
    body = json.dumps(value).encode()
    for read_one in (
        lambda json_value: decode_record(json_value, Phone),
        lambda json_value: decode_page(json_value, Call),
        lambda json_value: decode_rows(json_value, Agent),
    ):
        try:
            found = read_one(decode(Reply(status, {}, body)))
        except DigaError:
            continue
        assert isinstance(found, Phone | Page | tuple)


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "ignore")))
def test_every_body_becomes_json_or_one_error(body: bytes) -> None:
    with contextlib.suppress(DigaUnavailable):
        decode(Reply(200, {}, body))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(almost_phones, max_size=4))
def test_phones_read_are_fit_for_a_database(rows: list[dict[str, object]]) -> None:
    page = decode_page({"data": rows, "has_more": False}, Phone)

    assert len(page.data) + page.malformed_count == len(rows)
    for phone in page.data:
        texts = [phone.number, phone.status, phone.nickname or "", *phone.region_codes]
        assert all("\x00" not in text and text.encode("utf-8") is not None for text in texts)
        assert phone.assigned_at is None or phone.assigned_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"1" * 5000,
        b"\xff\xfe[\x00]\x00",
        b'"\xed\xa0\x80"',
        b"{} {}",
    ],
    ids=["deep list", "deep object", "nan", "infinity", "too large", "too long", "utf-16", "surrogate", "two"],
)
def test_what_only_looks_like_json_is_not_json(body: bytes) -> None:
    with pytest.raises(DigaUnavailable) as caught:
        decode(Reply(200, {}, body))

    assert caught.value.reason is Reason.NOT_JSON


@pytest.mark.parametrize(
    "change",
    [
        {"id": 5},
        {"id": "nonsense"},
        {"number": 34951201802},
        {"number": None},
        {"status": ["assigned"]},
        {"nickname": 5},
        {"assigned_at": 1760000000},
        {"assigned_at": "1760000000"},
        {"assigned_at": True},
        {"inbound_agent_id": {"id": "x"}},
        {"inbound_agent_id": True},
        {"region_codes": "MA"},
        {"region_codes": [5]},
    ],
    ids=str,
)
def test_record_of_the_wrong_types_is_malformed(change: dict[str, object]) -> None:
    good = {"id": str(PHONE_ID), "number": "+34951201802", "telephony_provider": "netelip", "status": "assigned"}

    page = decode_page({"data": [good, good | change], "has_more": False}, Phone)

    assert (len(page.data), page.malformed_count) == (1, 1)


@pytest.mark.parametrize(
    "envelope",
    [
        [],
        {},
        {"data": []},
        {"data": [], "has_more": "false"},
        {"data": [], "has_more": 0},
        {"data": {}, "has_more": False},
        {"data": None, "has_more": False},
    ],
    ids=str,
)
def test_page_without_its_envelope_has_the_wrong_shape(envelope: object) -> None:
    with pytest.raises(DigaUnavailable) as caught:
        decode_page(envelope, Phone)

    assert caught.value.reason is Reason.WRONG_SHAPE


def test_time_without_a_zone_is_taken_as_utc() -> None:
    row = {
        "id": str(PHONE_ID),
        "number": "1",
        "telephony_provider": "netelip",
        "status": "assigned",
        "assigned_at": "2026-10-09T09:00:00",
        "released_at": "2026-10-09T11:00:00.5+02:00",
    }

    phone = decode_record(row, Phone)

    assert phone.assigned_at == DATE
    assert phone.released_at == DATE + timedelta(seconds=0.5)


def test_number_too_large_for_a_database_is_malformed() -> None:
    version = {"version_id": str(PHONE_ID), "version_number": 2**31 - 1}
    rows = [
        {"agent_id": str(PHONE_ID), "versions": [version]},
        {"agent_id": str(PHONE_ID), "versions": [version | {"version_number": 2**31}]},
        {"agent_id": str(PHONE_ID), "versions": [version | {"version_number": True}]},
    ]

    agents, malformed_count = decode_rows(rows, Agent)

    assert (len(agents), malformed_count) == (1, 2)


def test_null_where_the_contract_has_a_default_is_the_default() -> None:
    version = {"version_id": str(PHONE_ID), "version_number": 1, "is_published": None, "is_draft": None}
    phone = {"id": str(PHONE_ID), "number": "1", "telephony_provider": "x", "status": "y", "region_codes": None}

    agent = decode_record({"agent_id": str(PHONE_ID), "versions": [version]}, Agent)

    assert (agent.versions[0].is_published, agent.versions[0].is_draft) == (False, False)
    assert decode_record(phone, Phone).region_codes == ()


# Drift of the contract.

DOCUMENT = json.loads((Path(__file__).resolve().parents[2] / "tests" / "data" / "diga-openapi.json").read_text("utf-8"))
PHONE_FIELDS = DOCUMENT["components"]["schemas"]["Phone"]["properties"]
WHOLE_PHONE = {
    "id": str(PHONE_ID),
    "nickname": "Recepción",
    "number": "+34951201802",
    "telephony_provider": "netelip",
    "status": "assigned",
    "assigned_at": "2026-10-09T09:00:00Z",
    "scheduled_release_at": None,
    "released_at": None,
    "inbound_agent_id": str(PHONE_ID),
    "outbound_agent_id": None,
    "sip_config": None,
    "checkout_url": None,
    "reservation_expires_at": None,
    "region_codes": ["MA"],
}


def test_whole_phone_has_every_field_of_the_document() -> None:
    assert set(WHOLE_PHONE) == set(PHONE_FIELDS)


@pytest.mark.parametrize("name", PHONE_FIELDS)
@settings(max_examples=25, deadline=None)
@given(value=st.integers() | st.floats() | st.booleans() | st.lists(st.integers(), min_size=1, max_size=2)
       | st.dictionaries(st.text(max_size=3), scalars, min_size=1, max_size=2))  # fmt: skip
def test_field_of_another_type_costs_its_row_and_no_other(name: str, value: object) -> None:
    body = json.dumps({"data": [WHOLE_PHONE | {name: value}, WHOLE_PHONE], "has_more": False})
    if "NaN" in body or "Infinity" in body:
        return

    page = decode_page(decode(Reply(200, {}, body.encode())), Phone)

    is_kept = name in Phone.model_fields
    assert (len(page.data), page.malformed_count) == ((1, 1) if is_kept else (2, 0))
    assert page.data[-1].number == "+34951201802"


@pytest.mark.parametrize("name", [*DOCUMENT["components"]["schemas"]["Phone"]["required"]])
@pytest.mark.parametrize("change", [lambda row, name: row.pop(name), lambda row, name: row.update({name: None})])
def test_phone_without_a_required_field_is_counted(name: str, change: Callable[[dict[str, object], str], None]) -> None:
    row: dict[str, object] = dict(WHOLE_PHONE)
    change(row, name)

    page = decode_page({"data": [row, WHOLE_PHONE], "has_more": False}, Phone)

    assert (len(page.data), page.malformed_count) == (1, 1)


def test_row_that_names_a_field_twice_is_counted() -> None:
    row = json.dumps(WHOLE_PHONE)
    twice = row[:-1] + ', "number": "+34600000000"}'

    page = decode_page(decode(Reply(200, {}, f'{{"data": [{twice}, {row}], "has_more": false}}'.encode())), Phone)

    assert ([phone.number for phone in page.data], page.malformed_count) == (["+34951201802"], 1)


def test_page_that_names_a_field_twice_is_no_page() -> None:
    with pytest.raises(DigaUnavailable) as caught:
        decode_page(decode(Reply(200, {}, b'{"data": [], "has_more": true, "has_more": false}')), Phone)

    assert caught.value.reason is Reason.WRONG_SHAPE


def test_unknown_value_is_kept_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    _note_unknown.cache_clear()
    rows = [WHOLE_PHONE | {"status": word} for word in ("ported", "assigned", "ported", "porting_in")]

    page = decode_page({"data": rows, "has_more": False}, Phone)

    assert [phone.status for phone in page.data] == ["ported", "assigned", "ported", "porting_in"]
    assert [record.getMessage() for record in caplog.records] == [
        "Phone.status has an unknown value: 'ported'",
        "Phone.status has an unknown value: 'porting_in'",
    ]
