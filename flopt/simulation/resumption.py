"""A training that can be stopped after any round and goes on from a file, bit by bit as if it had never stopped."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

import numpy as np
import torch

from flopt.errors import FloptError
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.simulation.checkpoint import Checkpoint
from flopt.simulation.federation import Training
from flopt.simulation.setup import Setup
from flopt.simulation.state import State
from flopt.task import TaskSource
from flopt.trace import Round
from flopt.version import __version__

__all__ = ["fingerprint", "resumed"]

SHARE = 20
"""A checkpoint is written at the earliest after this many times what the last one took: a twentieth of the time."""


def fingerprint(
    source: TaskSource, contents: Sequence[str], plan: Plan, participation: Participation, seed: int
) -> str:
    """Twelve hex digits of all that the rounds of a run depend on; `contents` are digests of the user's files.

    Versions and processor are among it: another build of torch or NumPy, or another kind of processor, rounds or draws
    otherwise.
    """
    machine = [torch.backends.cpu.get_cpu_capability()]
    if source.device == "cuda":
        machine.append(torch.cuda.get_device_name())
    versions = [__version__, torch.__version__, np.__version__]
    of = [asdict(source), [*contents], plan.settings(), participation.fingerprint, len(participation.group_of), seed]
    return hashlib.sha256(repr([*of, versions, machine]).encode()).hexdigest()[:12]


def resumed(
    setup: Setup, plan: Plan, participation: Participation, seed: int, checkpoint: Checkpoint, *, every_s: float,
    tell: Callable[[str], None],
) -> Iterator[Round]:  # fmt: skip
    """The rounds of `federated` from the first on, those before the checkpoint out of its file.

    The file is written at least `every_s` seconds apart (0: after every round), and when the generator is closed
    before its end. A file that cannot be used or written is told in one line, and costs time alone. Raises
    FloptError where `federated` does.
    """
    if not every_s >= 0:
        raise FloptError(f"checkpoint: every_s = {every_s}: must be a number of seconds, at least 0")
    training, done = _taken_up(setup, plan, participation, seed, checkpoint, tell)
    yield from done[:]
    writer = _Writer(checkpoint, training, done, every_s, tell)
    try:
        for index in range(len(done), plan.rounds):
            done.append(training.round(index))
            if len(done) < plan.rounds:
                writer.write_if_due()
            yield done[-1]
    except GeneratorExit:
        if len(done) < plan.rounds:
            writer.write()
        raise


def _taken_up(
    setup: Setup, plan: Plan, participation: Participation, seed: int, checkpoint: Checkpoint,
    tell: Callable[[str], None],
) -> tuple[Training, list[Round]]:  # fmt: skip
    """The training where the checkpoint has it, and the rounds done; else from the beginning."""
    training = Training(setup, plan, participation, seed)
    try:
        found = checkpoint.read()
        if found is None:
            return training, []
        done, state = found
        _restore(training, done, state)
        return training, done
    except FloptError as error:
        tell(f"checkpoint {checkpoint.file}: {error}; the run begins again from round 1")
        return Training(setup, plan, participation, seed), []


def _restore(training: Training, done: list[Round], state: State) -> None:
    """Go on from the state, if its weights are worth on these data what the last round says."""
    expected = [(weight.shape, weight.dtype) for weight in training.server.weights]
    try:
        training.restore(state)
        same = [(weight.shape, weight.dtype) for weight in training.server.weights] == expected
        same = same and 1 <= len(done) <= training.plan.rounds and training.validated().loss == done[-1].loss
    except Exception as error:  # whatever tensors that do not fit the model make torch say
        raise FloptError(f"not of this model ({type(error).__name__})") from None
    if not same:
        raise FloptError("its weights do not give the loss of its last round: data, model or machine differ")


class _Writer:
    """Writes the checkpoint when its time has come, never the same round twice."""

    def __init__(
        self, checkpoint: Checkpoint, training: Training, done: list[Round], every_s: float, tell: Callable[[str], None]
    ) -> None:
        self.checkpoint, self.training, self.done, self.every_s, self.tell = checkpoint, training, done, every_s, tell
        self.written = len(done)
        self.due_s = time.monotonic() + every_s
        self.told = False

    def write_if_due(self) -> None:
        """Write it if the time has come."""
        if time.monotonic() >= self.due_s:
            self.write()

    def write(self) -> None:
        """Write it; what goes wrong is told once, and tried again when it is due again."""
        if self.written == len(self.done):
            return
        started_s = time.monotonic()
        try:
            self.checkpoint.write(self.done, self.training.state())
            self.written = len(self.done)
        except OSError as error:
            if not self.told:
                self.tell(f"checkpoint {self.checkpoint.file}: not written ({error}); the run goes on without it")
            self.told = True
        ended_s = time.monotonic()
        self.due_s = ended_s + (max(self.every_s, SHARE * (ended_s - started_s)) if self.every_s else 0)
