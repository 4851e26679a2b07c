"""What is certain about a write that got no good answer, for every error there is."""

import pytest

from phones import diga
from phones.diga import Reason
from phones.services.upstream.failures import Verdict, verdict_of

NOT_SENT = {Reason.REFUSED, Reason.NAME, Reason.CONNECT_TIMEOUT, Reason.TLS, Reason.PACED, Reason.CROWDED}


@pytest.mark.parametrize("reason", Reason)
def test_write_without_an_answer_is_unknown_unless_it_never_left(reason: Reason) -> None:
    expected = Verdict.NOT_SENT if reason in NOT_SENT else Verdict.UNKNOWN

    assert verdict_of(diga.DigaUnavailable(reason=reason)) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (diga.DigaAuthError, Verdict.REJECTED),
        (diga.DigaForbidden, Verdict.REJECTED),
        (diga.DigaNotFound, Verdict.REJECTED),
        (diga.DigaRejected, Verdict.REJECTED),
        (diga.DigaRateLimited, Verdict.NOT_SENT),
    ],
)
def test_refused_write_is_certain(kind: type[diga.DigaError], expected: Verdict) -> None:
    # The code says nothing: a missing right comes as an internal error.
    assert verdict_of(kind("Words", status=500, code="INTERNAL_SERVER_ERROR")) == expected


def test_every_kind_of_error_has_a_verdict_here() -> None:
    tried = {
        diga.DigaUnavailable,
        diga.DigaAuthError,
        diga.DigaForbidden,
        diga.DigaNotFound,
        diga.DigaRejected,
        diga.DigaRateLimited,
    }

    known = {kind for kind in diga.DigaError.__subclasses__() if kind.__module__.startswith("phones.diga")}
    assert known == tried
