"""Stopping: policies that end a run which can no longer help, frozen at its proposal and sent along with its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from flopt.errors import unknown
from flopt.pareto import hypervolume, non_dominated
from flopt.search.curves import fit
from flopt.trace import Round

__all__ = ["NEVER", "STOPPING", "HypervolumeStop", "Learned", "Never", "Policy", "check_stopping", "policy_of"]

Array = NDArray[np.float64]

STOPPING = {
    "trajectory": "a run ends when its curve, told by its own rounds and the shapes of earlier runs, adds nothing",
    "power-law": "a run ends when its curve, told by its own rounds alone, adds nothing to the front",
    "none": "every run goes to its end",
}

SHARE = 0.002
"""A run goes on while it may add more than this share of the hypervolume."""


class Policy(Protocol):
    """Decides after every round whether a run goes on; the same decision wherever the run is trained."""

    def stops(self, done: Sequence[Round]) -> str:
        """Why the run should end after these rounds; empty where it should go on."""
        ...

    def settings(self) -> dict[str, Any]:
        """The policy as plain values for the journal; `policy_of` reads them back."""
        ...


@dataclass(frozen=True)
class Never:
    """Lets every run go to its end."""

    def stops(self, done: Sequence[Round]) -> str:  # noqa: ARG002  # the contract's signature
        """Never a reason."""
        return ""

    def settings(self) -> dict[str, Any]:
        """Its kind."""
        return {"kind": "none"}


NEVER = Never()


@dataclass(frozen=True)
class Learned:
    """A learned objective as a worker can read it off a round."""

    column: str
    """Field of `Round`."""
    worst: float
    """The value that counts as loss 1."""
    best: float
    """The value that counts as loss 0."""
    noise: float
    """Expected standard deviation of one round, as a share of the range from worst to best."""
    prior: tuple[float, ...]
    """Weight of each shape of `flopt.search.curves.SHAPES` before any round is seen."""

    def losses(self, done: Sequence[Round]) -> Array:
        """Shape (rounds,); above 1 where it is worse than the worst that counts."""
        values = np.array([getattr(each, self.column) for each in done], dtype=np.float64)
        return (self.best - values) / (self.best - self.worst)


@dataclass(frozen=True)
class HypervolumeStop:
    """Ends a run once even an optimistic continuation of its curve would add almost nothing to the front.

    Objectives are losses in the unit box of the study (`flopt.search.volume.Box`). What the plan costs after each
    round is known; what it learns is continued by the fitted curve less `width` standard deviations. After Wang, Fan,
    Ng, "A Trajectory-Based Bayesian Approach to Multi-Objective Hyperparameter Optimization with Epoch-Aware
    Trade-Offs", UAI 2025, with the bound in the place of their model.
    """

    kind: str
    objectives: tuple[Learned | tuple[float, ...], ...]
    """Each learned, or known: its loss after every round of the plan."""
    front: tuple[tuple[float, ...], ...]
    """Losses of the points that were not dominated at the proposal."""
    width: float
    """Standard deviations by which the bound is better than the curve."""
    first: int
    """Rounds before which no run ends."""
    share: float = SHARE
    quota: bool = False
    """Whether this run goes on all the same, so that wrong stops can be counted."""

    def stops(self, done: Sequence[Round]) -> str:
        """Why the run should end after these rounds; never for a run of the quota."""
        return "" if self.quota else self.verdict(done)

    def verdict(self, done: Sequence[Round]) -> str:
        """Why the run would end after these rounds, whether it is of the quota or not."""
        rounds = len(done)
        if rounds < self.first or rounds >= self._length or not _looked_at(rounds):
            return ""
        seen, ahead = self._losses(done), self._bound(done)
        if not (np.isfinite(seen).all() and np.isfinite(ahead).all()):
            return ""
        now = np.concatenate([self._corner, seen])
        now = now[non_dominated(now)]
        has = hypervolume(now, np.ones(now.shape[1]))
        gain = hypervolume(np.concatenate([now, ahead]), np.ones(now.shape[1])) - has
        if gain > self.share * has:
            return ""
        part = f"{gain / has:.2%}" if has > 0 else "nothing"
        return f"round {rounds}: going on would add at most {part} of the hypervolume (predicted)"

    def settings(self) -> dict[str, Any]:
        """All fields, as plain values."""
        return asdict(self)

    @cached_property
    def _length(self) -> int:
        """Rounds of the plan; without a known objective, as many as there are."""
        return min((len(each) for each in self.objectives if not isinstance(each, Learned)), default=2**31)

    @cached_property
    def _corner(self) -> Array:
        return np.array(self.front, dtype=np.float64).reshape(-1, len(self.objectives))

    def _losses(self, done: Sequence[Round]) -> Array:
        """Losses after the rounds done, shape (rounds, objectives)."""
        columns = [each.losses(done) if isinstance(each, Learned) else each[: len(done)] for each in self.objectives]
        return np.column_stack(columns)

    def _bound(self, done: Sequence[Round]) -> Array:
        """Optimistic losses at rounds to come, shape (some rounds, objectives)."""
        ahead = _rounds_ahead(len(done), self._length)
        columns = []
        for each in self.objectives:
            if isinstance(each, Learned):
                mean, deviation = fit(each.losses(done), each.noise, np.array(each.prior)).at(ahead.astype(np.float64))
                columns.append(np.maximum(mean - self.width * deviation, 0.0))
            else:
                columns.append(np.array(each)[ahead - 1])
        return np.column_stack(columns)


def _looked_at(rounds: int) -> bool:
    """Every round at first, later every twentieth part: a curve that has gone on long changes slowly."""
    return rounds <= 20 or rounds % (rounds // 20) == 0


def _rounds_ahead(done: int, length: int) -> NDArray[np.int64]:
    """Rounds to come, all of the next ones and ever fewer of the later ones; a thousand are as good as endless."""
    last = min(length, done + 1000)
    near = np.arange(done + 1, min(last, done + 40) + 1)
    far = np.unique(np.geomspace(done + 41, last, 40).astype(np.int64)) if last > done + 40 else near[:0]
    return np.concatenate([near, far])


def policy_of(settings: Mapping[str, Any]) -> Policy:
    """The policy whose `settings` these are."""
    check_stopping(settings["kind"])
    if settings["kind"] == "none":
        return NEVER
    objectives = tuple(
        Learned(**{**each, "prior": tuple(each["prior"])}) if isinstance(each, Mapping) else tuple(each)
        for each in settings["objectives"]
    )
    front = tuple(map(tuple, settings["front"]))
    return HypervolumeStop(**{**settings, "objectives": objectives, "front": front})


def check_stopping(name: str) -> None:
    """Raise a `FloptError` for a stopping rule that does not exist."""
    if name not in STOPPING:
        raise unknown("stopping", name, STOPPING)
