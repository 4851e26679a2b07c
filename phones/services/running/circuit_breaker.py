"""When a plan has to pause by itself: what keeps going wrong will go wrong with the next row as well. Pure."""

from dataclasses import dataclass, field
from threading import Lock

from phones import diga

ERRORS_IN_A_ROW = 3
SAME_REFUSALS = 10
# So long a wait is not waited for. The client reads a longer one as this long.
LONGEST_WAIT_SECONDS = 900.0


@dataclass(slots=True)
class CircuitBreaker:
    """What went wrong lately, in the order in which calls ended. `cause` is why the plan has to pause, or "".

    Threads may note what they see the moment they see it, so that no other call begins in between.
    """

    cause: str = ""
    message: str = ""
    _error_count: int = 0
    _refusal: tuple[object, ...] | None = None
    _refusal_count: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def note_outcome(self, outcome: object) -> None:
        """Count the result of a write: an error, or Diga's answer. A stale connection doesn't count."""
        if not isinstance(outcome, diga.DigaError):
            self.note_success()
        elif not outcome.is_stale:
            self.note_error(outcome)

    def note_success(self) -> None:
        """A row went well, or Diga said something sensible about it."""
        with self._lock:
            self._error_count = 0
            self._refusal, self._refusal_count = None, 0

    def note_refusal(self, *what: object, message: str = "") -> None:
        """Note a refusal of a row; `what` is equal for equal refusals."""
        with self._lock:
            self._error_count = 0
            self._refusal_count = self._refusal_count + 1 if self._refusal == what else 1
            self._refusal = what
            if self._refusal_count >= SAME_REFUSALS:
                self._pause("same_refusal", message)

    def note_error(self, error: diga.DigaError) -> None:
        """Note a call that got no good answer."""
        match error:
            case diga.DigaAuthError():
                self._pause("key_rejected", error.message)
            case diga.DigaForbidden():
                self._pause("forbidden", error.message)
            case diga.DigaRateLimited():
                if (error.retry_after or 0.0) >= LONGEST_WAIT_SECONDS:
                    self._pause("slow_down", error.message)
            case diga.DigaUnavailable(reason=diga.Reason.PACED):
                pass
            case diga.DigaUnavailable():
                self._note_silence(error)
            case diga.DigaNotFound():
                self.note_success()
            case _:
                self.note_refusal(error.status, error.message, message=error.message)

    def _note_silence(self, error: diga.DigaError) -> None:
        with self._lock:
            self._error_count += 1
            if self._error_count >= ERRORS_IN_A_ROW:
                self._pause("unreachable", error.message)

    def _pause(self, cause: str, message: str) -> None:
        # The first reason is the one that counts; what was under way may still bring others.
        self.cause, self.message = self.cause or cause, self.message if self.cause else message
