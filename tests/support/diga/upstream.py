"""A virtual upstream with a token bucket, and threads that call it as fast as a pace lets them, without sleeping."""

import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from phones.diga.rate import Ask, RateState

Advice = Literal["none", "second", "exact"]
EPOCH = 1_800_000_000.0


class Caller(NamedTuple):
    """Somebody who asks for turns: how many at once, how many to leave free, and how long to pause between calls."""

    turns: int = 1
    reserve: int = 0
    pause: float = 0.0


class Met(NamedTuple):
    """What a call met: when it arrived, by whom it was sent, after which wait for its turn, and whether it passed."""

    at: float
    caller: int
    waited: float
    passed: bool


@dataclass
class Bucket:
    """The upstream: so many calls a second, and so many at once after a rest."""

    per_second: float
    burst: float
    advice: Advice = "none"
    _tokens: float = 0.0
    _at: float = 0.0

    def __post_init__(self) -> None:
        self._tokens = self.burst

    def passes(self, now: float) -> bool:
        """Let a call pass or refuse it."""
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.per_second)
        self._at = now
        if self._tokens < 1 - 1e-9:
            return False
        self._tokens -= 1
        return True

    def retry_after(self) -> float | None:
        """Return what a 429 says."""
        exact = max(0.0, 1 - self._tokens) / self.per_second
        return {"none": None, "second": 1.0, "exact": exact}[self.advice]


@dataclass
class Run:
    """One run: callers share a pace of `configured` turns a second towards a bucket."""

    bucket: Bucket
    configured: float
    callers: list[Caller]
    seed: int = 0
    latency: float = 0.05
    jitter: float = 0.0
    met: list[Met] = field(default_factory=list)
    state: RateState = field(default_factory=RateState)
    now: float = 0.0

    def until(self, seconds: float) -> "Run":
        """Run from the start so many seconds."""
        chance = random.Random(self.seed)
        order = itertools.count()
        pending = [(chance.random() * 0.05, next(order), self._call(i, chance)) for i in range(len(self.callers))]
        heapq.heapify(pending)
        while pending[0][0] < seconds:
            self.now, _, call = heapq.heappop(pending)
            heapq.heappush(pending, (self.now + next(call), next(order), call))
        return self

    def use(self, start: float, end: float) -> float:
        """Return the share of the allowed calls that passed."""
        return sum(met.passed for met in self._between(start, end)) / self.bucket.per_second / (end - start)

    def refused(self, start: float, end: float) -> float:
        """Return the share of the calls that met a 429."""
        calls = self._between(start, end)
        return sum(not met.passed for met in calls) / len(calls)

    def waits(self, caller: int) -> list[float]:
        """Return how long a caller waited for each turn, in order."""
        return sorted(met.waited for met in self.met if met.caller == caller)

    def _between(self, start: float, end: float) -> list[Met]:
        return [met for met in self.met if start <= met.at < end]

    def _call(self, number: int, chance: random.Random) -> Iterator[float]:
        """Call again and again; yield how long nothing is to be done."""
        caller = self.callers[number]
        while True:
            asked_at = self.now
            while (wait := self._take(caller)) > 0:
                yield wait + self.jitter * chance.random() / 100
            waited = self.now - asked_at
            for _ in range(caller.turns):
                sent_at, half = self.now, self.latency / 2 * (1 + self.jitter * chance.uniform(-1, 1))
                yield half
                passed, advice = self.bucket.passes(self.now), self.bucket.retry_after()
                self.met.append(Met(self.now, number, waited, passed))
                yield half
                if not passed:
                    self._slow_down(advice, self.now - sent_at)
            yield caller.pause * chance.uniform(0.5, 1.5)

    def _take(self, caller: Caller) -> float:
        self.state, wait = self.state.take(Ask(caller.turns, caller.reserve, EPOCH + self.now), self.configured)
        return wait

    def _slow_down(self, advice: float | None, sent_ago: float) -> None:
        self.state = self.state.refused(EPOCH + self.now, advice, per_second=self.configured, sent_ago=sent_ago)
