"""A clock for the pace that moves only when somebody sleeps."""


class FakeTime:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.naps: list[float] = []

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
