"""The plan of the company: minutes, and whether more are billed by use."""

from datetime import datetime, timedelta
from typing import Any

from .faults.switches import Switches
from .serving.messages import Answer, iso
from .state import Project

INCLUDED_MINUTES, ROLLOVER_MINUTES = 3000, 200


def read_subscription(project: Project, switches: Switches, now: datetime) -> Answer:
    """Answer GET /v1/billing/subscription/."""
    start = (now - timedelta(days=11)).replace(hour=0, minute=0, second=0)
    spoken = sum(call.duration or 0 for call in project.calls if call.created_at >= start) // 60
    used = INCLUDED_MINUTES + ROLLOVER_MINUTES if switches.minutes_used_up else 1200 + spoken
    value: dict[str, Any] = {
        "name": "Profesional",
        "period": "month",
        "period_start": iso(start),
        "period_end": iso(start + timedelta(days=30)),
        "active_since": iso(start - timedelta(days=300)),
        "next_payment_date": iso(start + timedelta(days=30)),
        "price": 249.0,
        "currency": "eur",
        "included_minutes": INCLUDED_MINUTES,
        "minutes_count": used,
        "rollover_minutes_count": ROLLOVER_MINUTES,
        "max_concurrent_calls": 10,
        "overage_price_per_minute": None,
        "usage_based_billing_enabled": False,
        "next_phase": None,
        "knowledge_storage_used_bytes": 0,
        "knowledge_storage_limit_bytes": None,
        "knowledge_items_count": 0,
        "included_workflows": 5,
        "workflows_count": 2,
    }
    return Answer(200, value)
