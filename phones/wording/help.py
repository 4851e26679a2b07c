"""What each page is for, in two or three sentences: the help behind its question mark."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_PHONES = _(
    "All numbers of the project, from our copy of Diga: search by any part of a number, an alias or an agent. An opened"
    " number says on top who answers it. What is saved is compared with Diga first, sent once, and confirmed by what"
    " Diga answers; it can be undone from the number’s history."
)
# By the name of a page's address; whatever belongs to a page without words of its own has those of its section.
_PAGES: Mapping[str, Promise] = {
    # A number is opened on this page, too.
    "phone_list": _PHONES,
    "phone_edit": _PHONES,
    # The list answers these, too, where nothing was ticked.
    "plan_choose": _PHONES,
    "tag_choose": _PHONES,
    "phone_find": _(
        "Paste a text with numbers in any format: you see which are in this project, which are not, and what is no "
        "number. Those that were found can be opened as a list."
    ),
    "phone_tag": _(
        "Give tags to all the numbers that you chose, or take tags away. Tags are kept here and not in Diga; they are "
        "searched, and the list can be filtered by them."
    ),
    "phone_calls": _(
        "The calls of this number as Diga has them, newest first, read now. Nothing of them is kept here."
    ),
    "agent_calls": _("The calls of this agent as Diga has them, newest first, read now. Nothing of them is kept here."),
    "view_list": _(
        "Views are lists with their search, filters and order, kept under a name: for you, or for everybody."
    ),
    "plan_new": _(
        "Say what is to be changed on the numbers that you chose. The preview shows each of them, old and new; nothing "
        "is sent to Diga before the plan is applied."
    ),
    "plan_import": _(
        "Upload an edited export. Only what was edited becomes a plan, with a preview; nothing is sent to Diga before "
        "the plan is applied."
    ),
    "plan_detail": _(
        "A plan changes exactly the numbers that its preview shows. Each is read again before it is sent; what "
        "somebody changed meanwhile is left alone. A plan that has run can be undone."
    ),
    "schedule_list": _(
        "What is done by itself at its time: changes that are put back, and those that are sent later. Each can be "
        "moved, cancelled or done now. What was not done stays here until somebody has seen it."
    ),
    "past_list": _(
        "Choose a moment, a person, a ticket or a plan. You see the numbers that are not today what they were before, "
        "and can bring them back by a plan."
    ),
}
_SECTIONS: Mapping[str, Promise] = {
    "overview": _(
        "What needs a fix, what has changed, and how fresh our copy is. Each figure leads to exactly the numbers that "
        "it counts."
    ),
    "agents": _(
        "Diga’s agents with the version that is live, and how many numbers each answers. Agents are made in Diga; here "
        "you give them to numbers, and publish a saved version."
    ),
    "plans": _(
        "Plans change many numbers at once: from ticked rows, a pasted list or an edited file. Each has a preview, "
        "runs in the background, and can be paused, stopped and undone."
    ),
    "changes": _(
        "Every change that was made here, and every one that a sync has found in Diga: who, when, what it was before. "
        "Filter by number, person, agent, day or ticket; a change can be undone."
    ),
    "settings": _(
        "The key of the Diga project, the people with their roles, the rules of plans, and who is told of what. Only "
        "administrators see these pages."
    ),
}


def words_for_page(name: str, section: str) -> str:
    """Return what a page is for, by the name of its address and its section; "" where there is nothing to say."""
    found = _PAGES.get(name) or _SECTIONS.get(section)
    return str(found) if found else ""
