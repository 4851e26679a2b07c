"""The rate of calls, and how 429s change it: pure functions of the time, without a clock or a store.

Turns follow the generic cell rate algorithm: a leaky bucket stored as one moment. Diga does not tell its limit, so it
is learnt from refusals. Between two of them about as many calls passed as the limit allows: after a 429 all processes
pause, continue at that measured rate, climb within seconds to the middle between it and the refused rate, and then grow
beyond, slowly at first. If few calls passed, as the rate was far too high or nobody called, the refused rate is halved.
"""

import math
from typing import NamedTuple

LEAST_HOLD_SECONDS = 0.25
LAST_HOLD_SECONDS = 60.0
MAX_HOLD_SECONDS = 900.0
STRIKE_SECONDS = 1.0
"""A refusal so soon after a hold doubles it, where Diga does not say how long to wait."""
CLOCK_SLACK_SECONDS = 60.0
"""How far the clocks of two machines that share a rate may be apart."""
FALL, AIM = 0.5, 0.95
"""Which shares of the refused rate are begun with and climbed to, where nothing was measured."""
CLIMB_SECONDS = 8.0
GROWTH_SECONDS = 75.0
"""Seconds until the rate has grown e-fold; in the first half of them it grows by a quarter."""
MOST_GUESSED = 256.0
"""A rate we believe to have used. Above it threads and latency set the rate, not the turns."""
LATENESS_TURNS = 0.05
"""How much of a turn may be made up for while slowed: threads wake up late."""
LEAST_WAIT_SECONDS = 1e-6
"""Nobody waits for less: epoch seconds are not much finer."""


class Ask(NamedTuple):
    """A request for turns: how many, how many must stay free besides, and the time in epoch seconds."""

    turns: int
    reserve: int
    now: float


class RateState(NamedTuple):
    """The state shared by all processes. Times are epoch seconds, rates are turns a second; infinite if unknown."""

    due_at: float = 0.0
    """When the next turn is due at a steady rate; before now, turns have been saved up."""
    turn_count: int = 0
    """Turns taken since the last refusal."""
    refused_at: float = 0.0
    hold_until: float = 0.0
    start: float = math.inf
    """The rate at the end of the hold."""
    aim: float = math.inf
    """The rate at the end of the climb."""

    def hold_at(self, now: float) -> float:
        """Return the remaining seconds of the pause."""
        return max(0.0, self.hold_until - now)

    def rate_at(self, now: float) -> float:
        """Return the highest rate allowed now."""
        seconds = max(0.0, now - self.hold_until)
        if math.isinf(self.aim):
            return math.inf
        if seconds < CLIMB_SECONDS:
            return self.start + (self.aim - self.start) * seconds / CLIMB_SECONDS
        periods = min(5.0, (seconds - CLIMB_SECONDS) / GROWTH_SECONDS)
        return self.aim * math.exp(periods * periods)

    def take(self, ask: Ask, per_second: float) -> "tuple[RateState, float]":
        """Take turns: return the state after it and 0, or the seconds until the next attempt makes sense.

        One second's worth may pass at once, but only a single turn while a refusal limits the rate. The reserve is
        subtracted from that, down to one turn, so that others can always get theirs.

        :param per_second: the configured rate, which is never exceeded.
        """
        state = self._at(ask.now)
        if hold := state.hold_at(ask.now):
            return state, hold
        learnt = state.rate_at(ask.now)
        rate = min(learnt, per_second)
        room = max(0, int(rate) - ask.turns) if learnt >= per_second else 0
        ahead = max(room - ask.reserve, -1) / rate
        wait = state.due_at - ask.now - ahead
        if wait > max(1.0, (ask.turns + 1) / least_rate(per_second)):
            # At any of our rates no turn is due so late, so the clock was set back.
            state, wait = state._replace(due_at=0.0), 0.0
        if wait > LEAST_WAIT_SECONDS:
            return state, wait
        made_up = LATENESS_TURNS if learnt < per_second else 0.0
        due_at = max(state.due_at, ask.now + min(0.0, ahead) - made_up / rate) + ask.turns / rate
        return state._replace(due_at=due_at, turn_count=state.turn_count + ask.turns), 0.0

    def refused(
        self, now: float, retry_after: float | None, *, per_second: float, sent_ago: float = 0.0
    ) -> "RateState":
        """Return the state after a 429.

        429s of calls sent before the end of a pause belong to the excess that began it, and only prolong it.

        :param retry_after: how many seconds Diga said to wait, None where it did not say.
        :param per_second: the configured rate, which was kept if it is below the one learnt.
        :param sent_ago: seconds since the refused call was sent.
        """
        state = self._at(now)
        let_through_seconds = now - sent_ago - state.hold_until
        if let_through_seconds < 0:
            if retry_after is None:
                return state
            until = min(now + retry_after, state.refused_at + MAX_HOLD_SECONDS)
            return state._replace(hold_until=max(state.hold_until, until))
        if retry_after is None:
            last_hold = state.hold_until - state.refused_at if let_through_seconds < STRIKE_SECONDS else 0.0
            retry_after = min(2 * last_hold, LAST_HOLD_SECONDS)
        rate = min(state.rate_at(now), per_second, MOST_GUESSED)
        measured = state.turn_count / max(now - state.refused_at, LEAST_HOLD_SECONDS)
        start = max(least_rate(per_second), FALL * rate, min(measured, rate))
        aim = (start + rate) / 2 if measured > FALL * rate else max(start, AIM * rate)
        hold_until = now + min(max(retry_after, LEAST_HOLD_SECONDS), MAX_HOLD_SECONDS)
        return RateState(0.0, 0, now, hold_until, start, aim)

    def joined(self, other: "RateState") -> "RateState":
        """Return the state that allows what both allow: the later refusal, pause and turn count."""
        newest = max(self, other, key=lambda state: (state.refused_at, state.turn_count))
        due_at, hold_until = max(self.due_at, other.due_at), max(self.hold_until, other.hold_until)
        return newest._replace(due_at=due_at, hold_until=hold_until)

    def _at(self, now: float) -> "RateState":
        """Return the state, corrected after a clock was set back, which shows in an impossibly long pause."""
        if self.hold_until - now <= MAX_HOLD_SECONDS + CLOCK_SLACK_SECONDS:
            return self
        return self._replace(refused_at=now, hold_until=now)


def least_rate(per_second: float) -> float:
    """Return the lowest rate that refusals can lead to, in turns a second."""
    return min(per_second / 50, 1.0)
