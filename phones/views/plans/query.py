"""What the address of a plan's page asks to see of it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from phones.models import Foreseen, ItemState, Plan
from phones.views.parts.addresses import id_from
from phones.views.parts.permalinks import plan_page_url

ALL = "ALL"
BIGGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class PlanQuery:
    """Which rows are shown and from where on: of a group of the preview, or in a state.

    `ask` is what is asked once, `start` the beginning that was typed when the plan was made.
    """

    group: Foreseen | None = None
    state: ItemState | None = None
    is_all: bool = False
    after: int = 0
    ask: str = ""
    start: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "PlanQuery":
        """Return what an address asks for; what can't be read asks for nothing."""
        group, state = query.get("group", ""), query.get("state", "")
        return cls(
            Foreseen(group) if group in Foreseen.values else None,
            ItemState(state) if state in ItemState.values else None,
            state == ALL,
            min(id_from(query.get("after", "")) or 0, BIGGEST_NUMBER),
            query.get("ask", "") if query.get("ask") in {"stop", "discard"} else "",
            _moment(query.get("start", "")),
        )

    @property
    def suffix(self) -> str:
        """The query string with its `?`, "" for none."""
        return suffix_of(group=self.group, state=ALL if self.is_all else self.state, after=self.after)


def _moment(text: str) -> str:
    try:
        return text if parse_datetime(text) else ""
    except ValueError:
        return ""


def suffix_of(**values: Any) -> str:
    """Return values as a query string with its `?`, "" for none."""
    given = {name: str(value) for name, value in values.items() if value}
    return f"?{urlencode(given)}" if given else ""


def plan_url(name: str, plan: Plan, slug: str) -> str:
    """Return an address of a plan; that of its page is the permanent one."""
    return plan_page_url(plan, slug) if name == "plan_detail" else reverse(name, args=[slug, plan.pk])
