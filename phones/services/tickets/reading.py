"""Reading a ticket: the agent that is to answer, the reference, and what makes the text uncertain.

Nothing is guessed. A text is done as it stands only if it asks for one thing: one agent, named as the one that is to
answer, in one direction, now. Everything else is a doubt, and the person is asked.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from phones.services.phone_numbers import folded
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.lanes import Target
from phones.services.tickets.patterns import ASKS, DOUBTS, FROM, REFERENCE, SENTENCE_END, TO, VERSION, Doubt

_WORD = re.compile(r"[^\W_]+")
# Words of names that name nobody by themselves.
_COMMON = frozenset({"a", "al", "de", "del", "el", "en", "la", "las", "los", "y", "o", "the", "of", "and", "for", "to"})
# A sentence with so many digits names a number.
_NUMBER_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Mention:
    """A place of the text that names an agent, or one of several.

    The words before it say whether it is to answer (`is_target`), or to answer no more (`is_source`).
    """

    agents: tuple[AgentEntry, ...]
    start: int
    is_target: bool
    is_source: bool


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a text asks for. Without doubts `target` is to answer; else `choices` are what the person may mean.

    `reference` is "" where the text has none, or several.
    """

    reference: str
    doubts: tuple[Doubt, ...] = ()
    target: Target | None = None
    choices: tuple[Target, ...] = ()


def is_ask(text: str, catalogue: Catalogue) -> bool:
    """Return whether a text with numbers asks for something, or names an agent; else it is only looked up."""
    plain = folded(text)
    return bool(ASKS.search(plain)) or any(_mentions(plain, catalogue)) or bool(_said(plain))


def read_ticket(text: str, catalogue: Catalogue, *, chosen: Target | None = None) -> Ticket:
    """Return what a text asks for. `chosen` is the person's answer to which agent, or which version."""
    plain = folded(text)
    reference, doubts = _reference(text), _said(plain)
    if chosen:
        return Ticket(reference, doubts, chosen)
    mentions = list(_mentions(plain, catalogue))
    targets = [mention for mention in mentions if mention.is_target]
    named = {agent.id: agent for mention in targets for agent in mention.agents}
    if (len(targets) > 1 and len(named) > 1) or (targets and _names_beside(plain, mentions)):
        return Ticket(reference, (*doubts, Doubt.TWO_ASKS))
    if len(named) > 1:
        return Ticket(reference, (*doubts, Doubt.WHICH_AGENT), choices=_live(named.values(), plain))
    if not named or not ASKS.search(plain):
        others = {agent.id: agent for mention in mentions if not mention.is_source for agent in mention.agents}
        doubt = Doubt.UNSURE_AGENT if others else Doubt.NO_AGENT
        return Ticket(reference, (*doubts, doubt), choices=_live(others.values(), plain))
    (agent,) = named.values()
    version = _version(agent, plain)
    if version is None:
        offered = tuple(Target(agent, each) for each in agent.offered)
        return Ticket(reference, (*doubts, Doubt.WHICH_VERSION), choices=offered)
    return Ticket(reference, doubts, Target(agent, version))


def _said(plain: str) -> tuple[Doubt, ...]:
    return tuple(doubt for doubt, pattern in DOUBTS.items() if pattern.search(plain))


def _reference(text: str) -> str:
    """Return the ticket that the text names, as it is spelled; "" for none or several."""
    found = {next(filter(None, match.groups())).strip() for match in REFERENCE.finditer(text)}
    return found.pop() if len(found) == 1 else ""


def _names_beside(plain: str, mentions: Sequence[Mention]) -> bool:
    """Return whether another agent is named in a sentence with a number: it may be meant for that one."""
    ends = [0, *(match.end() for match in SENTENCE_END.finditer(plain)), len(plain)]
    sentences = list(pairwise(ends))
    aimed = {agent.id for mention in mentions if mention.is_target for agent in mention.agents}
    for mention in mentions:
        if mention.is_target or mention.is_source or aimed.issuperset(agent.id for agent in mention.agents):
            continue
        start, stop = next(place for place in sentences if place[0] <= mention.start < place[1])
        if sum(letter.isdigit() for letter in plain[start:stop]) >= _NUMBER_DIGITS:
            return True
    return False


def _mentions(plain: str, catalogue: Catalogue) -> Iterator[Mention]:
    """Yield the places that name agents, each with those that the most words of it fit."""
    names = [(agent, _WORD.findall(folded(agent.name))) for agent in catalogue.offered]
    words = list(_WORD.finditer(plain))
    place = 0
    while place < len(words):
        fits = [(agent, _fit(name, [word[0] for word in words[place : place + len(name)]])) for agent, name in names]
        longest = max((count for _agent, count in fits), default=0)
        if not longest:
            place += 1
            continue
        start = words[place].start()
        before = plain[max(0, start - 40) : start]
        agents = tuple(agent for agent, count in fits if count == longest)
        yield Mention(agents, start, bool(TO.search(before)), bool(FROM.search(before)))
        place += longest


def _fit(name: Sequence[str], words: Sequence[str]) -> int:
    """Return with how many words of a name, from any of them on, these words begin; 0 if they name nobody."""
    longest = 0
    for start in range(len(name)):
        count = 0
        while count < len(words) and start + count < len(name) and name[start + count] == words[count]:
            count += 1
        if any(word not in _COMMON and not word.isdigit() and len(word) > 1 for word in words[:count]):
            longest = max(longest, count)
    return longest


def _live(agents: Iterable[AgentEntry], plain: str) -> tuple[Target, ...]:
    """Return each agent with the version that the text names, else the live one, else the newest."""
    return tuple(Target(agent, _version(agent, plain) or agent.offered[0]) for agent in agents)


def _version(agent: AgentEntry, plain: str) -> VersionEntry | None:
    """Return the version that the text names, else the live one; None if there is no such version."""
    numbers = {int(number) for number in VERSION.findall(plain)}
    if not numbers:
        return agent.published
    offered = {version.number: version for version in agent.offered}
    return offered.get(numbers.pop()) if len(numbers) == 1 else None
