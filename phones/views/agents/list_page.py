"""The table of agents as its page shows it: its state from the address, rows, headers and neighbours."""

from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from phones.models import Project
from phones.services.agents.listing import AgentOrder, AgentPage, ListedAgent, agent_page
from phones.services.agents.tallies import Uses
from phones.services.finding.phone_list import QUERY_LIMIT, Criteria
from phones.services.routing.catalogue import AgentEntry
from phones.views.parts.lists.address import suffix_of

# icons: arrow-up arrow-down
_LABELS: dict[AgentOrder, str | Promise] = {
    AgentOrder.NAME: gettext_lazy("Agent"),
    AgentOrder.LIVE: gettext_lazy("Published"),
    AgentOrder.ANSWERS: gettext_lazy("Answers"),
    AgentOrder.CALLS_OUT: gettext_lazy("Calls out"),
}
# The first click shows the agents with most numbers first.
_MOST_FIRST = (AgentOrder.ANSWERS, AgentOrder.CALLS_OUT)


@dataclass(frozen=True, slots=True)
class AgentQuery:
    """The address of the table; `sort` is an `AgentOrder`, with `-` before it for the other way round."""

    q: str = ""
    sort: str = ""
    page: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "AgentQuery":
        """Return the table of the address; what it can't mean is ignored."""
        words = " ".join(query.get("q", "").replace("\x00", "").split())[:QUERY_LIMIT]
        sort, page = query.get("sort", ""), query.get("page", "")
        is_order = sort.removeprefix("-") in set(AgentOrder) and sort != AgentOrder.NAME
        is_page = page.isascii() and page.isdigit() and len(page) < 6
        return cls(words, sort if is_order else "", page if is_page else "")

    @property
    def order(self) -> AgentOrder:
        """What the table is sorted by."""
        return AgentOrder(self.sort.removeprefix("-") or AgentOrder.NAME)

    @property
    def is_reversed(self) -> bool:
        """True for the other way round."""
        return self.sort.startswith("-")

    def url(self, slug: str) -> str:
        """Return the address."""
        values = urlencode({name: value for name, value in asdict(self).items() if value})
        return reverse("agent_list", args=[slug]) + (f"?{values}" if values else "")


@dataclass(frozen=True, slots=True)
class AgentHeader:
    """A header that sorts; `sorted` is the value of `aria-sort`, "" if the table is sorted by another column."""

    label: str | Promise
    url: str
    sorted: str
    icon: str

    @classmethod
    def of(cls, query: AgentQuery, order: AgentOrder, slug: str) -> "AgentHeader":
        """Return the header; a click on the one that sorts reverses the order."""
        is_sorting = query.order is order
        direction = ("descending" if query.is_reversed else "ascending") if is_sorting else ""
        is_next_reversed = not query.is_reversed if is_sorting else order in _MOST_FIRST
        sort = f"-{order}" if is_next_reversed else "" if order is AgentOrder.NAME else str(order)
        icon = {"ascending": "arrow-up", "descending": "arrow-down"}.get(direction, "")
        return cls(_LABELS[order], replace(query, sort=sort, page="").url(slug), direction, icon)


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent as the table shows it, None for an id that no list of Diga has given; the counts lead to the numbers."""

    agent: AgentEntry | None
    url: str
    uses: Uses
    inbound_url: str
    outbound_url: str

    @classmethod
    def of(cls, listed: ListedAgent, slug: str) -> "AgentRow":
        """Return the row of an agent."""
        url = reverse("agent_detail", args=[slug, listed.id]) if listed.agent else ""
        return cls(listed.agent, url, listed.uses, *phone_lists_of(slug, str(listed.id)))


def phone_lists_of(slug: str, agent_id: str) -> tuple[str, str]:
    """Return the lists of what the agent answers, and of what it dials from."""
    list_url = reverse("phone_list", args=[slug])
    return list_url + suffix_of(Criteria(inbound=agent_id)), list_url + suffix_of(Criteria(outbound=agent_id))


@dataclass(frozen=True, slots=True)
class AgentTable:
    """What the template needs; addresses are "" where there is no such page."""

    query: AgentQuery
    page: AgentPage
    headers: dict[str, AgentHeader]
    rows: list[AgentRow]
    all_url: str
    previous_url: str
    next_url: str

    @classmethod
    def of(cls, project: Project, query: AgentQuery) -> "AgentTable":
        """Return the table of the address."""
        slug = project.slug
        page = agent_page(
            project=project,
            words=query.q,
            order=query.order,
            is_reversed=query.is_reversed,
            number=int(query.page or 1),
        )
        before, after = page.number - 1, page.number + 1
        return cls(
            query,
            page,
            {order.value: AgentHeader.of(query, order, slug) for order in AgentOrder},
            [AgentRow.of(row, slug) for row in page.rows],
            replace(query, q="", page="").url(slug),
            replace(query, page=str(before) if before > 1 else "").url(slug) if before else "",
            replace(query, page=str(after)).url(slug) if after <= page.page_count else "",
        )
