"""The errors of a call to Diga, by what the caller can do about them.

After a write, `sent` says whether the change may have been applied. It is False for every 4xx, because Diga refused,
and for every failure before the request left this machine.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why there is no usable answer."""

    # The request did not leave.
    REFUSED = "refused"
    NAME = "name"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    PACED = "paced"
    CROWDED = "crowded"
    # It left, or may have: its effect is unknown.
    TIMEOUT = "timeout"
    DISCONNECTED = "disconnected"
    DEADLINE = "deadline"
    TOO_LARGE = "too_large"
    REDIRECT = "redirect"
    SERVER_ERROR = "server_error"
    NOT_JSON = "not_json"
    TRUNCATED = "truncated"
    WRONG_SHAPE = "wrong_shape"

    @property
    def is_before_sending(self) -> bool:
        """True if the request certainly did not leave."""
        return self in _BEFORE_SENDING


_BEFORE_SENDING = frozenset(
    {Reason.REFUSED, Reason.NAME, Reason.CONNECT_TIMEOUT, Reason.TLS, Reason.PACED, Reason.CROWDED},
)


class DigaError(Exception):
    """The base class: a call to Diga gave no usable answer.

    `message` is Diga's own message as plain text, at most 500 characters, "" without one: escape it, and show it to
    people. `code` is Diga's `error_code`; never branch on it (a 403 says INTERNAL_SERVER_ERROR).
    """

    sent: bool = False
    is_stale: bool = False

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id

    def __str__(self) -> str:
        parts = ["" if self.status is None else str(self.status), self.code]
        return " ".join(part for part in parts if part) or type(self).__name__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


class DigaUnavailable(DigaError):
    """No answer, or none that can be trusted. If `sent`, a write may have been applied: read again.

    `is_stale` says that a connection kept from an earlier call broke without a byte of an answer: usually the server
    had closed it as idle, and never received the request.
    """

    def __init__(
        self,
        message: str = "",
        *,
        reason: Reason = Reason.DISCONNECTED,
        is_stale: bool = False,
        status: int | None = None,
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, status=status, code=code, request_id=request_id)
        self.reason = reason
        self.is_stale = is_stale
        self.sent = not reason.is_before_sending

    def __str__(self) -> str:
        parts = [self.reason.value, "" if self.status is None else str(self.status), self.code]
        return " ".join(part for part in parts if part)


class DigaAuthError(DigaError):
    """401: the key is unknown or was deleted."""


class DigaForbidden(DigaError):
    """403: the key lacks a permission, whatever the error code says."""


class DigaNotFound(DigaError):
    """404, or 410 for something deleted: there is no such object in the key's project."""


class DigaRejected(DigaError):
    """Any other 4xx: Diga processed the request and refused it. After a read, it concerns that one object alone.

    `fields` maps a body field to Diga's message about it, if Diga named one.
    """

    def __init__(
        self,
        message: str = "",
        *,
        fields: dict[str, list[str]] | None = None,
        status: int | None = None,
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, status=status, code=code, request_id=request_id)
        self.fields = fields or {}


class DigaRateLimited(DigaError):
    """429: too many requests. `retry_after` is in seconds, None without a usable header."""

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: float | None = None,
        status: int | None = None,
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, status=status, code=code, request_id=request_id)
        self.retry_after = retry_after
