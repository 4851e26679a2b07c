"""What went wrong with a call to Diga, a sync or a key, in words, and what to do next: by the code that is kept."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

Text = str | Promise

# What went wrong, by the code under which it is kept (`passes.cause_of`), and what to do next.
_CAUSES: dict[str, tuple[Text, Text]] = {
    "refused": (
        gettext_lazy("Diga could not be reached: the connection was refused."),
        gettext_lazy("Try again in a minute."),
    ),
    "name": (
        gettext_lazy("Diga could not be reached: its address was not found."),
        gettext_lazy("Check the network of this server, then try again."),
    ),
    "connect_timeout": (
        gettext_lazy("Diga could not be reached: it took too long to connect."),
        gettext_lazy("Try again in a minute."),
    ),
    "tls": (
        gettext_lazy("The connection to Diga is not safe: its certificate was not accepted."),
        gettext_lazy("Tell the administrator of this server. The key was not sent."),
    ),
    "paced": (
        gettext_lazy("Too many requests to Diga are waiting in this project."),
        gettext_lazy("Try again in a minute."),
    ),
    "crowded": (
        gettext_lazy(
            "Diga takes long to answer. As many requests as may wait for it are waiting already, so it was not asked."
        ),
        gettext_lazy("Try again in a minute."),
    ),
    "timeout": (gettext_lazy("Diga did not answer in time."), gettext_lazy("Try again in a minute.")),
    "disconnected": (
        gettext_lazy("Diga closed the connection without an answer."),
        gettext_lazy("Try again in a minute."),
    ),
    "deadline": (
        gettext_lazy("Diga’s answer took too long to arrive."),
        gettext_lazy("Try again in a minute."),
    ),
    "too_large": (
        gettext_lazy("Diga’s answer was far larger than it should be."),
        gettext_lazy("Tell the administrator of this server."),
    ),
    "redirect": (
        gettext_lazy("Diga sent us to another address, which we don’t follow."),
        gettext_lazy("Ask the administrator of this server to check the address of the API."),
    ),
    "server_error": (
        gettext_lazy("Diga has a problem of its own."),
        gettext_lazy("Try again in a few minutes."),
    ),
    "not_json": (
        gettext_lazy("Something between us and Diga answered with a page instead of data."),
        gettext_lazy("Try again in a minute; if it stays, tell the administrator of this server."),
    ),
    "truncated": (
        gettext_lazy("Diga’s answer broke off in the middle."),
        gettext_lazy("Try again in a minute."),
    ),
    "wrong_shape": (
        gettext_lazy("Diga’s answer did not have the form we know."),
        gettext_lazy("If it stays, tell the administrator: Diga may have changed its API."),
    ),
    "auth": (
        gettext_lazy("Diga no longer accepts the API key."),
        gettext_lazy("An administrator of this project has to replace the key in the settings."),
    ),
    "forbidden": (
        gettext_lazy("The API key may not do this: to save it needs Phones: Write, to read Phones and Agents: Read."),
        gettext_lazy("Ask a Diga administrator to give the key that right."),
    ),
    "not_found": (
        gettext_lazy("Diga does not know this number any more."),
        gettext_lazy("It may have been released. Look it up in Diga."),
    ),
    "rate_limited": (
        gettext_lazy("Diga asks us to slow down."),
        gettext_lazy("Wait a moment, then try again."),
    ),
    "rejected": (
        gettext_lazy("Diga did not accept these values."),
        gettext_lazy("Correct them, then save again."),
    ),
    "read_refused": (
        gettext_lazy("Diga refused to answer."),
        gettext_lazy("Try again later; if it stays, ask Diga why."),
    ),
    "clock": (
        gettext_lazy("The clock of this server was set back while the numbers were read."),
        gettext_lazy("The next sync starts by itself within a minute."),
    ),
    "key_changed": (
        gettext_lazy("The API key was replaced or taken away while the numbers were read."),
        gettext_lazy("If there is a new key, the next sync starts by itself within a minute."),
    ),
    "no_key": (
        gettext_lazy("This project has no API key that can be used."),
        gettext_lazy("An administrator of this project has to enter a key in the settings."),
    ),
    "foreign_project": (
        gettext_lazy("The key opens a Diga project that is connected here under another name."),
        gettext_lazy("Use that project, or a key of another Diga project."),
    ),
    "other_project": (
        gettext_lazy("The key opens another Diga project than the one whose phones are here. Nothing was mixed."),
        gettext_lazy(
            "An administrator of this project has to enter a key of the old Diga project, or connect the new one "
            "under a name of its own."
        ),
    ),
    "interrupted": (
        gettext_lazy("The process that was syncing ended before it was done."),
        gettext_lazy("It is synced again by itself as soon as a worker runs."),
    ),
    "stopped": (
        gettext_lazy("The worker was stopped before the sync was done. No phone was marked as missing."),
        gettext_lazy("It is synced again by itself as soon as a worker runs."),
    ),
}

# Why a walk over the list can't vouch for having met every phone (`phones.diga.Gap`).
_CAUSES |= {
    "unfinished": (
        gettext_lazy("Diga’s list was not read to its end. No phone was marked as missing."),
        gettext_lazy("Sync again."),
    ),
    "cursor_refused": (
        gettext_lazy(
            "Diga’s list changed while it was read, and could not be followed. No phone was marked as missing."
        ),
        gettext_lazy("Sync again."),
    ),
    "no_cursor": (
        gettext_lazy("Diga promised more phones without saying where they follow. No phone was marked as missing."),
        gettext_lazy("If it stays, tell the administrator: Diga may have changed its API."),
    ),
    "empty_page": (
        gettext_lazy("Diga promised more phones and then sent none. No phone was marked as missing."),
        gettext_lazy("Sync again; if it stays, tell the administrator: Diga may have changed its API."),
    ),
    "loop": (
        gettext_lazy("Diga’s list led in a circle. No phone was marked as missing."),
        gettext_lazy("If it stays, tell the administrator: Diga may have changed its API."),
    ),
    "lost": (
        gettext_lazy("The end of Diga’s list could not be confirmed. No phone was marked as missing."),
        gettext_lazy("Sync again."),
    ),
    "not_met": (
        gettext_lazy("The parts in which Diga’s list was read do not fit together. No phone was marked as missing."),
        gettext_lazy("Sync again."),
    ),
    "too_many_pages": (
        gettext_lazy("Diga’s list had far more pages than expected. No phone was marked as missing."),
        gettext_lazy("If it stays, tell the administrator: Diga may have changed its API."),
    ),
    "short": (
        gettext_lazy("Diga sent fewer phones than it said there are. No phone was marked as missing."),
        gettext_lazy("Sync again."),
    ),
}


def words_for_cause(cause: str) -> str:
    """Return what went wrong and what to do next, for a kept code."""
    return " ".join(parts_for_cause(cause))


def parts_for_cause(cause: str) -> tuple[str, str]:
    """Return what went wrong, and what to do next."""
    what, then = _CAUSES[cause]
    return str(what), str(then)
