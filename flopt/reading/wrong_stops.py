"""Wrong stops: how often stopping would have cost something, told by the runs that were never stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from optuna.trial import FrozenTrial
from scipy.stats import beta

from flopt.pareto import hypervolume
from flopt.search.stopping import HypervolumeStop, Learned, policy_of
from flopt.trace import Trace

__all__ = ["WrongStops", "interval", "wrong_stops"]

LEVEL = 0.95


@dataclass(frozen=True)
class WrongStops:
    """What the quota of never-stopped runs says of the others."""

    stopped: int
    """Runs of the study that were stopped."""
    quota: int
    """Runs of the quota that the rule would have stopped, and that went on."""
    wrong: int
    """Of these, how many then added more than the share that the rule allows."""

    def __str__(self) -> str:
        """One line, with a Clopper-Pearson interval."""
        if not self.quota:
            return f"{self.stopped} runs stopped; no run of the never-stopped quota tells yet how many wrongly"
        low, high = interval(self.wrong, self.quota)
        return (
            f"{self.stopped} runs stopped; wrong stops: {self.wrong} of {self.quota} runs of the never-stopped quota "
            f"({self.wrong / self.quota:.0%}, {LEVEL:.0%} interval {low:.0%} to {high:.0%}; estimated)"
        )


def interval(hits: int, of: int, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a share: Clopper, Pearson, Biometrika 26 (1934), which is never too narrow."""
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, of - hits + 1))
    high = 1.0 if hits == of else float(beta.ppf(1 - tail, hits + 1, of - hits))
    return low, high


def wrong_stops(trials: Sequence[FrozenTrial], traces: Sequence[Trace | None]) -> WrongStops:
    """Count over the runs of a study and what happened in each.

    A stop is wrong where the rounds after it added more than the rule's share of the hypervolume to the front that
    was known at the proposal, all in the study's own box.
    """
    stopped = sum(trace is not None and trace.status == "stopped" for trace in traces)
    verdicts = [
        _wrong(policy, trace)
        for trial, trace in zip(trials, traces, strict=True)
        if trace is not None
        and trace.status == "ok"
        and isinstance(policy := policy_of(trial.user_attrs.get("policy", {"kind": "none"})), HypervolumeStop)
        and policy.quota
    ]
    told = [verdict for verdict in verdicts if verdict is not None]
    return WrongStops(stopped, len(told), sum(told))


def _wrong(policy: HypervolumeStop, trace: Trace) -> bool | None:
    """Whether ending the run where the rule would have was wrong; None where it would not have."""
    rounds = trace.rounds()
    end = next((r for r in range(1, len(rounds)) if policy.verdict(rounds[:r])), None)
    if end is None:
        return None
    losses = np.column_stack(
        [each.losses(rounds) if isinstance(each, Learned) else each[: len(rounds)] for each in policy.objectives]
    )
    front = np.array(policy.front).reshape(-1, losses.shape[1])
    ones = np.ones(losses.shape[1])
    without = hypervolume(np.concatenate([front, losses[:end]]), ones)
    whole = hypervolume(np.concatenate([front, losses]), ones)
    return bool(whole - without > policy.share * whole)
