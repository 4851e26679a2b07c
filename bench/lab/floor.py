"""The floor of the list: the same rows by the same query and markup, made from strings without a template."""

import uuid
from datetime import datetime
from html import escape

from django.http import HttpResponse
from django.templatetags.static import static
from django.utils import timezone

from phones.access import DeskRequest, open_desk
from phones.services.finding import phone_list
from phones.services.finding.health import quarantine_days_left
from phones.services.routing.catalogue import AgentEntry, Catalogue, catalogue_of
from phones.views.parts.lists.address import criteria_from, suffix_of

COLUMNS = (
    "id",
    "number",
    "shown",
    "nickname",
    "status",
    "inbound_agent_id",
    "outbound_agent_id",
    "telephony_provider",
    "assigned_at",
    "released_at",
    "fetched_at",
    "missing_since",
    "total",
)
STATES = {
    "assigned": ("ok", "circle-check", "Assigned"),
    "reserved": ("info", "lock", "Reserved"),
    "pending_verification": ("warn", "hourglass", "Pending verification"),
    "released": ("hold", "snowflake", "In quarantine"),
    "finished": ("off", "circle-slash", "Finished"),
}
MISSING = ("bad", "circle-slash", "Unknown to Diga")
PROVIDERS = {"netelip": "Diga", "custom": "Imported"}


def floor(request: DeskRequest, slug: str) -> HttpResponse:
    """Answer with the list's rows in a plain table."""
    desk = open_desk(request, slug)
    catalogue = catalogue_of(desk.project)
    criteria = criteria_from(request.GET)
    order, size = criteria.order, criteria.page_size
    found, total = phone_list.found_phones(desk.project, criteria, catalogue, timezone.now())
    key = order.key(criteria.after or criteria.before)
    backwards = bool(criteria.before)
    phones = found.annotate(total=total)
    rows = phone_list.rows_beyond(phones, order, key, backwards=backwards).values_list(*COLUMNS)
    page = list(rows[: size + 1])[:size]
    if backwards:
        page.reverse()
    markup = Markup(f"/projects/{slug}/phones/", suffix_of(criteria), catalogue)
    body = "".join([markup.row(*row) for row in page])
    return HttpResponse(f"<!doctype html><table><tbody>{body}</tbody></table>")


class Markup:
    """Writes rows as `_phone_row.html` does, for one page."""

    def __init__(self, list_url: str, suffix: str, catalogue: Catalogue) -> None:
        self._list_url, self._suffix = list_url, escape(suffix)
        self._now = timezone.now()
        icons = static("desk/icons.svg")
        self._icons = icons
        self._copy = f'<svg class="icon" aria-hidden="true"><use href="{icons}#copy"/></svg>'
        self._pencil = f'<svg class="icon" aria-hidden="true"><use href="{icons}#pencil"/></svg>'
        self._lanes: dict[uuid.UUID | None, str] = {agent.id: self._known(agent) for agent in catalogue.agents}

    @staticmethod
    def _known(agent: AgentEntry) -> str:
        name = escape(agent.name)
        live, is_listed = agent.published, agent.is_listed
        version = f'<span class="ver">{live.label}</span>' if live else ""
        if not live and is_listed:
            version = '<span class="ver ver-off">not published</span>'
        if not is_listed:
            version += '<span class="ver ver-off">not in Diga</span>'
        return (
            f'<span class="agent"><span class="tile hue-{agent.hue}" aria-hidden="true">{agent.initial}</span>'
            f'<span class="cut" title="{name}">{name}</span>{version}</span>'
        )

    def _lane(self, agent_id: uuid.UUID | None, is_missed: bool) -> str:
        if lane := self._lanes.get(agent_id):
            return lane
        if agent_id is None and not is_missed:
            return '<span class="sub">None</span>'
        icon, text = ("triangle-alert", "No agent") if agent_id is None else ("circle-question-mark", "Unknown agent")
        return (
            f'<span class="agent tone is-warn"><svg class="icon" aria-hidden="true"><use href="{self._icons}#{icon}"/>'
            f"</svg>{text}</span>"
        )

    def _age(self, seconds: float) -> str:
        if seconds < 60:
            return "now"
        if seconds < 3600:
            return f"{int(seconds // 60)} min"
        return f"{int(seconds // 3600)} h" if seconds < 86400 else f"{int(seconds // 86400)} d"

    def row(
        self,
        pk: uuid.UUID,
        number: str,
        shown: str,
        nickname: str,
        status: str,
        inbound: uuid.UUID | None,
        outbound: uuid.UUID | None,
        provider: str,
        assigned_at: datetime | None,
        released_at: datetime | None,
        fetched_at: datetime,
        missing_since: datetime | None,
        total: int,
    ) -> str:
        """Return a row; one argument a column."""
        prefix, _, national = shown.partition(" ") if shown[:1] == "+" else ("", "", shown)
        code = f"<i>{prefix}</i> " if prefix else ""
        url = f"{self._list_url}{pk}/"
        tone, icon, label = STATES.get(status) or ("off", "circle-question-mark", escape(status))
        if missing_since:
            tone, icon, label = MISSING
        held = ""
        if status == "released" and released_at and not missing_since:
            days = quarantine_days_left(released_at, self._now)
            words = f"{days} day{'s' if days > 1 else ''} left" if days else "Gone any moment"
            held = f' title="{words}"'
        shown, number, nickname = escape(shown), escape(number), escape(nickname or "")
        seconds = (self._now - fetched_at).total_seconds()
        assigned = timezone.localtime(assigned_at).date().isoformat() if assigned_at else "–"
        stale = ' class="is-stale"' if seconds > 3600 else ""
        rename = f"{url}nickname/{self._suffix}"
        reread = f"{url}reread/{self._suffix}"
        pencil = (
            ""
            if missing_since or status in ("released", "finished")
            else f'<a class="btn-q" href="{rename}" hx-get="{rename}" hx-target="#phone-{pk}" hx-swap="outerHTML"'
            f' data-rename aria-label="Rename {nickname or number}">{self._pencil}</a>'
        )
        url += self._suffix
        return (
            f'<tr id="phone-{pk}"{stale}>\n'
            f'  <td class="c-sel"><label><input class="form-check-input" type="checkbox" id="select-{pk}" name="phone"'
            f' value="{pk}" form="choosing" aria-label="Select {shown}"></label></td>\n'
            f'  <td class="c-num"><span class="cell"><a class="phone cut" href="{url}" hx-get="{url}"'
            f' hx-target="#drawer" hx-swap="outerHTML" hx-push-url="true">{code}{escape(national)}</a>'
            f'<button class="btn-q opt" type="button" data-copy="{number}" aria-label="Copy {shown}">{self._copy}'
            f"</button></span></td>\n"
            f'  <td class="c-alias"><span class="cell"><span class="cut" title="{nickname}">{nickname or "–"}</span>'
            f"{pencil}</span></td>\n"
            f'  <td class="c-state"><span class="state is-{tone}"{held}><svg class="icon" aria-hidden="true">'
            f'<use href="{self._icons}#{icon}"/></svg>{label}</span></td>\n'
            f'  <td class="c-in">{self._lane(inbound, status == "assigned")}</td>\n'
            f'  <td class="c-out">{self._lane(outbound, False)}</td>\n'
            f'  <td class="c-prov">{PROVIDERS.get(provider) or escape(provider)}</td>\n'
            f'  <td class="c-date num">{assigned}</td>\n'
            f'  <td class="c-age num"><button class="age" type="submit" form="reread" formaction="{reread}"'
            f' hx-post="{reread}" hx-target="#phone-{pk}" hx-swap="outerHTML" title="Read this number again">'
            f'<span class="visually-hidden">Read again {shown}, </span>'
            f'<time datetime="{fetched_at.isoformat(timespec="seconds")}" data-age="short">{self._age(seconds)}</time>'
            f"</button></td>\n"
            f"</tr>\n"
        )
