"""What is asked of a person who pasted a ticket, doubt by doubt."""

from django.utils.translation import gettext_lazy

from phones.services.tickets.patterns import Doubt
from phones.wording.causes import Text

_DOUBTS: dict[Doubt, Text] = {
    Doubt.NO_AGENT: gettext_lazy("The text names no agent of this project. Open the number and choose one."),
    Doubt.WHICH_AGENT: gettext_lazy("Several agents are called that. Which one is meant?"),
    Doubt.UNSURE_AGENT: gettext_lazy("The text names this agent, but doesn’t say that it is to answer. Is it meant?"),
    Doubt.TWO_ASKS: gettext_lazy(
        "The text names several agents, so it may ask for two things. Paste one of them alone."
    ),
    Doubt.WHICH_VERSION: gettext_lazy("The agent has no such version live. Which one is meant?"),
    Doubt.UNASSIGN: gettext_lazy("The text asks to take an agent away. Do that in the form of the number."),
    Doubt.RENAME: gettext_lazy("The text asks for another name. Do that in the form of the number."),
    Doubt.OUTGOING: gettext_lazy(
        "The text is about outgoing calls, too. Choose the direction in the form of the number."
    ),
    Doubt.LATER: gettext_lazy("The text names a time, and a save applies at once. Decide in the form of the number."),
    Doubt.NEGATED: gettext_lazy(
        "The text says what is not to be done, or corrects itself. Read it, then open the number."
    ),
    Doubt.APART: gettext_lazy("The text sets some numbers apart. Read it, then open those that are meant."),
    Doubt.OTHER: gettext_lazy("The text asks for something that is not done here, as giving a number back."),
}


def words_for_doubt(doubt: Doubt) -> str:
    """Return what is asked, or said, because of a doubt."""
    return str(_DOUBTS[doubt])
