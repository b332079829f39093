"""Training a run: what a worker is told, what it does, and what it gives back; a worker never writes to the study."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.oracle import Oracle, Resumable
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.search.executors.checkpoints import Checkpoint
from flopt.search.stopping import NEVER, Policy
from flopt.task import Task, TaskSource
from flopt.trace import Round, Trace, record

__all__ = ["Job", "Outcome", "forget_oracle", "train"]


@dataclass(frozen=True)
class Job:
    """One run to train: all that a worker is told."""

    oracle: str
    source: TaskSource
    task: Task
    plan: Plan
    participation: Participation
    seed: int
    policy: Policy = NEVER
    """When to stop before the plan's last round."""
    checkpoint: Checkpoint | None = None
    """Where the run leaves off when it is killed or stopped; None: it begins again."""


@dataclass(frozen=True)
class Outcome:
    """What a worker gives back."""

    trace: Trace
    cpu_s: float
    """CPU seconds of the run, measured; those of lost attempts too."""
    where: str = ""
    """Host and number of the process that trained it."""
    attempts: int = 1
    """How often it was begun."""
    wasted_cpu_s: float = 0.0
    """CPU seconds of the attempts whose workers were lost, as far as they were seen."""

    def attributes(self) -> dict[str, Any]:
        """What the journal keeps of it beside its trace and its CPU seconds: the rest where there is something."""
        lost = {"attempts": self.attempts, "wasted_cpu_s": round(self.wasted_cpu_s, 4)}
        return {"where": self.where, **(lost if self.attempts > 1 or self.wasted_cpu_s else {})}


def train(job: Job) -> Outcome:
    """Train one run to its end; whatever breaks in it is told in its trace."""
    started = time.process_time()
    fingerprint = job.participation.fingerprint
    rounds = _rounds(job)
    try:
        trace = record(rounds, seed=job.seed, participation=fingerprint, stops=lambda done: _stops(job, done))
    finally:
        rounds.close()
    return Outcome(trace, time.process_time() - started, f"{socket.gethostname()}:{os.getpid()}")


def _stops(job: Job, done: Sequence[Round]) -> str:
    """Why the run should stop here; its last round needs no reason."""
    return job.policy.stops(done) if len(done) < job.plan.rounds else ""


def _rounds(job: Job) -> Generator[Round, None, None]:
    """The oracle's rounds; one too many is its mistake, and an oracle that never ends is closed there."""
    rounds = None
    try:
        rounds = _begun(job)
        for done, each in enumerate(rounds):
            if done == job.plan.rounds:
                raise FloptError(f"the oracle gives more rounds than the plan's {job.plan.rounds}")
            yield each
    except SystemExit as error:  # the user's code may end itself, but not the search
        raise FloptError(f"SystemExit: {error}") from error
    finally:
        close = getattr(rounds, "close", None)
        if close is not None:
            close()


def _begun(job: Job) -> Iterator[Round]:
    """The oracle's rounds, those that a checkpoint holds among them where the oracle can take one up."""
    oracle = _oracle(job.oracle, job.source, job.task)
    checkpoint = job.checkpoint
    # On a machine of a cluster that does not share the study folder there is nothing to go on from.
    if checkpoint is None or not isinstance(oracle, Resumable) or not checkpoint.folder.is_dir():
        return oracle(job.plan, job.participation, job.seed)
    return oracle.resume(job.plan, job.participation, job.seed, checkpoint.file, every_s=checkpoint.every_s, tell=_tell)


def _tell(what: str) -> None:
    print(f"flopt: {what}", file=sys.stderr)


@lru_cache(maxsize=1)
def _oracle(reference: str, source: TaskSource, task: Task) -> Oracle:
    """The oracle of this process: the data is loaded once."""
    return load_oracle(reference, source, task)


def forget_oracle() -> None:
    """Load the oracle anew for the next run of this process."""
    _oracle.cache_clear()
