"""The state of a plan, and what became of the request of one that publishes a version, as badges."""

from phones.models import Outcome, Plan, PublishRequest
from phones.views.parts.badges import Badge

# icons: eye hourglass loader pause play square circle-check circle-slash
_STATES = {
    "PREVIEW": ("info", "eye"),
    "PROPOSED": ("warn", "hourglass"),
    "RUNNING": ("info", "loader"),
    "PAUSED": ("warn", "pause"),
    "STOPPED": ("off", "square"),
    "FINISHED": ("ok", "circle-check"),
    "DISCARDED": ("off", "circle-slash"),
}
# icons: circle-check circle-x circle-question-mark clock ban triangle-alert
_OUTCOMES = {
    Outcome.PENDING: ("info", "clock"),
    Outcome.CONFIRMED: ("ok", "circle-check"),
    Outcome.MISMATCH: ("bad", "triangle-alert"),
    Outcome.REFUSED: ("bad", "ban"),
    Outcome.FAILED: ("bad", "circle-x"),
    Outcome.UNKNOWN: ("warn", "circle-question-mark"),
}


def plan_badge(plan: Plan) -> Badge:
    """Return the state of a plan with its sign."""
    return Badge(*_STATES[plan.state], plan.get_state_display())


def request_badge(request: PublishRequest) -> Badge:
    """Return what became of the request of a plan with its sign."""
    outcome = Outcome(request.outcome)
    return Badge(*_OUTCOMES[outcome], outcome.label)
