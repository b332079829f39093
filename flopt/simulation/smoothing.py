"""Smoothing of a metric over the rounds so far; it never looks ahead."""

from __future__ import annotations

from flopt.errors import FloptError
from flopt.simulation.state import State

__all__ = ["Smoothing"]


class Smoothing:
    """`last` as it is, `mean5` the mean of the last five rounds, `ema0.3` three tenths of the newest round.

    The first rounds are averaged over as many as there are; the exponential average starts at the first value.
    """

    def __init__(self, how: str) -> None:
        self._length, self._share = _parsed(how)
        self._values: list[float] = []

    def add(self, value: float) -> float:
        """Take in the value of one more round, and give the smoothed one."""
        if self._values and self._share < 1:
            value = self._share * value + (1 - self._share) * self._values[-1]
        self._values = [*self._values, value][-self._length :]
        return sum(self._values) / len(self._values)

    def state(self) -> State:
        """The values that the next one is averaged with."""
        return {"values": self._values}

    def restore(self, state: State) -> None:
        """Go on from what `state` gave."""
        self._values = list(state["values"])


def _parsed(how: str) -> tuple[int, float]:
    """How many rounds the mean is over, and the share of the newest round in the exponential average."""
    try:
        if how == "last":
            return 1, 1.0
        if how.startswith("mean") and int(how[4:]) >= 1:
            return int(how[4:]), 1.0
        if how.startswith("ema") and 0 < float(how[3:]) <= 1:
            return 1, float(how[3:])
    except ValueError:
        pass
    raise FloptError(f"task: smoothing = {how!r}: must be last, meanN (N rounds) or emaX (0 < X <= 1)")
