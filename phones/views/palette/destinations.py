"""The pages and actions that the palette offers, by the rights of the person."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from phones.access import Desk, may_connect


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the palette: where it leads, or with `is_act` what it does by POST."""

    label: str
    url: str
    icon: str
    detail: str = ""
    is_act: bool = False
    shortcut: str = ""


# icons: layout-dashboard phone bot history list-checks clipboard-paste bookmark user settings users arrow-left-right
def pages_of(desk: Desk) -> Iterator[Hit]:
    """Yield the pages that the person may open, and their other projects."""

    def at(name: str) -> str:
        return reverse(name, args=[desk.project.slug])

    yield Hit(_("Overview"), at("project_overview"), "layout-dashboard", shortcut="g o")
    yield Hit(_("Phones"), at("phone_list") + desk.shell.opens_with, "phone", shortcut="g p")
    yield Hit(_("Agents"), at("agent_list"), "bot", shortcut="g a")
    yield Hit(_("Changes"), at("change_list"), "history", shortcut="g c")
    yield Hit(_("Plans"), at("plan_list"), "list-checks")
    yield Hit(_("Saved views"), at("view_list"), "bookmark")
    if desk.may_administer:
        yield Hit(_("Settings"), at("project_settings"), "settings")
        yield Hit(_("People"), at("people_list"), "users")
    yield Hit(_("Your account"), reverse("account"), "user")
    for project in desk.projects:
        if project.pk != desk.project.pk:
            url = reverse("phone_list", args=[project.slug])
            yield Hit(project.name, url, "arrow-left-right", detail=_("Switch project"))


# icons: refresh-cw upload file-spreadsheet file-text plus
def actions_of(desk: Desk) -> Iterator[Hit]:
    """Yield what the person may do from here. None of it changes a number."""

    def at(name: str) -> str:
        return reverse(name, args=[desk.project.slug])

    yield Hit(_("Find pasted numbers"), at("phone_find"), "clipboard-paste")
    if desk.may_label and desk.project.is_connected:
        yield Hit(_("Refresh from Diga"), at("sync_start"), "refresh-cw", is_act=True)
    if desk.may_bulk:
        yield Hit(_("Upload a changed file"), at("plan_import"), "upload")
    yield Hit(_("Export all numbers: Excel (XLSX)"), at("phone_export_xlsx"), "file-spreadsheet")
    yield Hit(_("Export all numbers: CSV"), at("phone_export_csv"), "file-text")
    if may_connect(desk.user):
        yield Hit(_("Connect a project"), reverse("project_connect"), "plus")
