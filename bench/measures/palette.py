"""The palette’s hits as somebody types, against the autocomplete of Django’s admin; its goal is set for 20,000 phones.

The palette finds agents, views, pages and actions, too, and says whether there are more numbers than it shows.
"""

from urllib.parse import quote_plus

from bench.lab.browser import Browser
from bench.lab.sites import Lab, Site
from bench.measuring import Goal, Report, Row, Variant, interleave

TITLE = "Hits of the palette while somebody types"
# What a person waits for at 20,000 numbers, on top of the network.
LIMIT_MS = 100.0
HEADERS = {"HX-Request": "true", "HX-Target": "palette-hits"}
TEXTS = {
    "nothing typed": "",
    "a number": "951 20 18 02",
    "three digits": "951",
    "a name": "recepcion",
    "no hits": "zzzzq",
    "a ticket": "Hola, pasad el 951 20 18 02 a Alicia. Ref 4471",
}
# What admin's autocomplete of numbers answers too; spelled as it is stored, since it matches no other spelling.
SEARCHES = {"a number": "95120180", "three digits": "951", "a name": "Recepci", "no hits": "zzzzq"}
AUTOCOMPLETE = "/bench/admin/autocomplete/?app_label=phones&model_name=change&field_name=phone&term="
AUTOCOMPLETE_LIMIT = 1.0


def run(lab: Lab) -> Report:
    """Time the fragment for each text on every database."""
    report = Report()
    lab.stand_in.set_latency(0)
    for site in lab.sites():
        _measure(lab, site, report)
    return report


def _measure(lab: Lab, site: Site, report: Report) -> None:
    browser, admin = site.member(), site.superuser()
    path = site.list_path.removesuffix("phones/") + "palette/?q="

    def variant(name: str, who: Browser, address: str, **headers: str) -> Variant:
        return Variant(
            f"{site.name}: {name}",
            lambda: who.page(address, **headers).took,
            lab.options.count(15),
            1,
            site.server.cpu_seconds,
        )

    ours = [variant(name, browser, path + quote_plus(text), **HEADERS) for name, text in TEXTS.items()]
    theirs = [variant(f"admin, {name}", admin, AUTOCOMPLETE + quote_plus(text)) for name, text in SEARCHES.items()]
    series = interleave([*ours, *theirs], lab.options.rounds)
    for name in TEXTS:
        took, other = series[f"{site.name}: {name}"], series.get(f"{site.name}: admin, {name}")
        report.rows += [Row(took, other), *([Row(other)] if other else [])]
        key, text = f"palette.{site.name}.{name.replace(' ', '_')}", f"{site.name}: {name}"
        report.goals.append(Goal(key, f"{text}, p95", took.percentile(0.95), LIMIT_MS, "ms"))
        if other:
            ratio = took.median / other.median
            report.goals.append(Goal(f"{key}.admin", f"{text} / admin's autocomplete", ratio, AUTOCOMPLETE_LIMIT))
    report.notes.append(f"{site.name}: {site.phone_count} phones")
