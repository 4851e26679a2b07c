"""What refusals teach about a rate that nobody told us: pure functions of the time, without a clock or a store.

After a 429 the rate falls at once and comes back along a curve like TCP CUBIC's: fast at first, slower and slower
towards the ceiling, where it was refused, a rest just under it, and then faster and faster beyond it, up to the
configured rate. How far it falls depends on how long calls were let through before: a bucket that was refilled by a
hold can hide an excess of `refill / (refill + seconds let through)`. So a rate refused at once was far too high,
and one refused after half a minute only just.
"""

import math
from dataclasses import dataclass, replace

LEAST_HOLD_SECONDS = 0.25
LAST_HOLD_SECONDS = 60.0
MAX_HOLD_SECONDS = 900.0
CLOCK_SLACK_SECONDS = 60.0
"""How far the clocks of two machines that share a pace may be apart."""
STRIKE_SECONDS = 1.0
"""A refusal so soon after a hold is one more strike: the hold was too short."""
LOST_TRACK_SECONDS = 5.0
MOST_GUESSED = 256.0
"""A rate we believe to have used. Above it threads and latency set the rate, not the pace."""
FALL, FALL_WHERE_KNOWN, LEAST_FALL = 0.5, 0.85, 0.97
MOST_REFILL_SECONDS = 1.0
CLIMB_SECONDS = 12.0
REST_SECONDS = 30.0
GROWTH_SECONDS = 60.0
AIM = 0.97
"""The share of the ceiling at which to rest."""
HIDDEN = 0.2
"""The share of a climb that a bucket may have hidden, if it was refused at its start; none at its end."""


@dataclass(frozen=True, slots=True)
class Slowness:
    """What 429s have taught us. Times are epoch seconds, rates are turns a second; infinite where nothing is known."""

    hold_until: float = 0.0
    start: float = math.inf
    ceiling: float = math.inf
    refused_at: float = 0.0
    strike_count: int = 0

    def hold_at(self, now: float) -> float:
        """Return the seconds to hold off from now; one longer than any we impose is of a clock that was set back."""
        hold = self.hold_until - now
        return hold if 0 < hold <= MAX_HOLD_SECONDS + CLOCK_SLACK_SECONDS else 0.0

    def rate_at(self, now: float) -> float:
        """Return the rate not to exceed now."""
        if math.isinf(self.ceiling):
            return math.inf
        seconds = max(0.0, now - self.hold_until)
        aim = max(self.start, AIM * self.ceiling)
        if seconds < CLIMB_SECONDS:
            return aim - (aim - self.start) * (1 - seconds / CLIMB_SECONDS) ** 3
        seconds -= CLIMB_SECONDS
        if seconds < REST_SECONDS:
            return aim + (self.ceiling - aim) * seconds / REST_SECONDS
        periods = min(5.0, (seconds - REST_SECONDS) / GROWTH_SECONDS)
        return self.ceiling * math.exp(periods * periods)

    def after_429(
        self, now: float, retry_after: float | None, *, per_second: float, sent_ago: float = 0.0
    ) -> "Slowness":
        """Return what to do after one more 429.

        Those to calls sent before the hold was over belong to the overshoot that began it, and only prolong it.

        :param per_second: the configured rate, which was kept if it is below the one learnt.
        :param sent_ago: seconds since the refused call was sent.
        """
        let_through = now - sent_ago - self.hold_until
        if let_through < 0 and self.hold_until - now <= MAX_HOLD_SECONDS + CLOCK_SLACK_SECONDS:
            return self if retry_after is None else self._held_until(now + retry_after)
        is_soon = let_through < STRIKE_SECONDS
        strike_count = min(self.strike_count + 1, 10) if is_soon else 1
        if retry_after is None:
            retry_after = min(LEAST_HOLD_SECONDS * 2 ** (strike_count - 1), LAST_HOLD_SECONDS)
        hold_until = now + min(max(retry_after, LEAST_HOLD_SECONDS), MAX_HOLD_SECONDS)
        refused = min(self.rate_at(now), per_second, MOST_GUESSED)
        start = max(least_rate(per_second), refused * self._fall(now, let_through, per_second))
        hidden = HIDDEN * max(0.0, 1 - let_through / CLIMB_SECONDS) * max(0.0, refused - self.start)
        return Slowness(hold_until, start, max(start, refused - hidden), now, strike_count)

    def _fall(self, now: float, let_through: float, per_second: float) -> float:
        """Return to which share to fall: the less, the longer the upstream let calls through."""
        if self.rate_at(now) >= per_second and let_through > LOST_TRACK_SECONDS:
            return FALL
        deepest = FALL_WHERE_KNOWN if self.start > 0.9 * self.ceiling else FALL
        refill = min(MOST_REFILL_SECONDS, self.hold_until - self.refused_at)
        let_through = max(0.0, let_through)
        return min(LEAST_FALL, max(deepest, let_through / (let_through + refill) if refill > 0 else 0.0))

    def _held_until(self, until: float) -> "Slowness":
        until = min(until, self.refused_at + MAX_HOLD_SECONDS)
        return replace(self, hold_until=max(self.hold_until, until))


def least_rate(per_second: float) -> float:
    """Return the rate below which no refusals slow us, in turns a second."""
    return min(per_second / 50, 1.0)
