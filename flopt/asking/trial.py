"""A trial: one run that the search asks for, while somebody else trains it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from flopt.errors import FloptError
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.run import Run
from flopt.search.problem import Problem
from flopt.search.proposer import Proposal
from flopt.simulation.smoothing import Smoothing
from flopt.trace import Round, Status, Trace

__all__ = ["Trial"]

Told = Callable[[Trace, float | None], None]


class Trial:
    """One run to be trained: what to do, what it will emit, and what has been reported of it so far.

    It ends by `tell` or `fail`, once; until then nothing of it is kept.
    """

    def __init__(self, number: int, proposal: Proposal, problem: Problem, told: Told) -> None:
        self.number = number
        """Its number in the study."""
        self.plan: Plan = proposal.plan
        self.seed: int = proposal.seed
        """Seed of everything random in the training; equal over plans, so that they differ by what they do."""
        self.rounds: list[Round] = []
        """What was reported, its accuracy smoothed as the study says."""
        self._policy = proposal.policy
        self._problem = problem
        self._told = told
        self._smoothings = Smoothing(problem.source.smoothing), Smoothing(problem.source.smoothing)
        self._ended = False

    @cached_property
    def participation(self) -> Participation:
        """Who is drawn in each round, drops out or is too late: the task's clients, counted from 0."""
        return self._problem.participation(self.plan, self.seed)

    @property
    def clients(self) -> list[list[int]]:
        """For each round the clients whose update counts; those that are drawn besides only emit."""
        return [self.participation.users(index).tolist() for index in range(self.plan.rounds)]

    @cached_property
    def predicted(self) -> Run:
        """What the plan is expected to emit on the fleet, known before training."""
        return self._problem.run(self.plan)

    def report(
        self,
        accuracy: float | Round,
        loss: float | None = None,
        *,
        clients: int | None = None,
        samples: int | None = None,
        download_bytes: int | None = None,
        upload_bytes: int | None = None,
        test_accuracy: float | None = None,
        balanced_accuracy: float | None = None,
        auc: float | None = None,
        worst_client_accuracy: float | None = None,
    ) -> None:
        """Report one more round: a whole `Round`, or the validation accuracy in [0, 1] and loss in nats after it.

        Clients, samples and bytes are those that the plan makes of its participation where they are not given.
        Raises FloptError for a round that cannot be, which is then not counted.
        """
        self._check_open()
        index = len(self.rounds)
        if index == self.plan.rounds:
            raise FloptError(f"run {self.number}: its plan has {index} rounds; round {index + 1} is one too many")
        given = {
            "clients": clients,
            "samples": samples,
            "download_bytes": download_bytes,
            "upload_bytes": upload_bytes,
            "test_accuracy": test_accuracy,
            "balanced_accuracy": balanced_accuracy,
            "auc": auc,
            "worst_client_accuracy": worst_client_accuracy,
        }
        try:
            self.rounds.append(self._smoothed(self._round(accuracy, loss, given)))
        except FloptError as error:
            raise FloptError(f"run {self.number}, round {index + 1}: {error}") from None

    def should_stop(self) -> bool:
        """Whether more rounds are of no use: all are done, or the search's stopping policy says so."""
        return len(self.rounds) == self.plan.rounds or bool(self.why())

    def why(self) -> str:
        """Why the stopping policy would end the run here; empty where it would not, or its last round is done."""
        return self._policy.stops(self.rounds) if 0 < len(self.rounds) < self.plan.rounds else ""

    def tell(self, cpu_s: float | None = None) -> None:
        """End the run with the rounds reported; fewer than the plan's means that it was stopped.

        `cpu_s` are the CPU seconds that it took, for the search's own emissions; without it, those of this process
        since the last run was told.
        """
        self._check_open()
        if not self.rounds:
            raise FloptError(f"run {self.number}: no round is reported; report one, or end it with fail()")
        done = len(self.rounds)
        if done == self.plan.rounds:
            self._end("ok", "", cpu_s)
        else:
            self._end("stopped", self.why() or f"ended by its trainer after {done} of {self.plan.rounds} rounds", cpu_s)

    def fail(self, reason: str, cpu_s: float | None = None) -> None:
        """End the run as failed: it is counted, but never a point of the front."""
        if not reason.strip():
            raise FloptError(f"run {self.number}: say in a few words why it failed")
        self._end("failed", f"round {len(self.rounds) + 1}: {' '.join(reason.split())}", cpu_s)

    def _end(self, status: Status, reason: str, cpu_s: float | None) -> None:
        self._check_open()
        if cpu_s is not None and not 0 <= cpu_s < float("inf"):
            raise FloptError(f"run {self.number}: cpu_s = {cpu_s}: must be a number of seconds, at least 0")
        fingerprint = self.participation.fingerprint
        trace = Trace.of(self.rounds, seed=self.seed, participation=fingerprint, status=status, reason=reason)
        self._ended = True  # an objective that breaks on it comes after it is stored
        self._told(trace, cpu_s)

    def _check_open(self) -> None:
        if self._ended:
            raise FloptError(f"run {self.number} is told already")

    def _round(self, accuracy: float | Round, loss: float | None, given: dict[str, float | None]) -> Round:
        values = {name: value for name, value in given.items() if value is not None}
        if isinstance(accuracy, Round):
            if loss is not None or values:
                raise FloptError("give a Round, or its values")
            return accuracy
        if loss is None:
            raise FloptError("loss is missing: a round has an accuracy and a loss")
        try:
            return Round(accuracy=accuracy, loss=loss, **(self._counts() | values))  # type: ignore[arg-type]
        except (TypeError, OverflowError) as error:
            raise FloptError(f"a value is not a number ({error})") from None

    def _counts(self) -> dict[str, float]:
        """What the next round does on the fleet, as the simulation counts it."""
        task, drawn = self._problem.task, self.participation.selected.shape[1]
        users = self.participation.users(len(self.rounds))
        return {
            "clients": len(users),
            "samples": int(sum(self.plan.local_samples(task.client_samples[client]) for client in users)),
            "download_bytes": drawn * self.plan.download_bytes(task.tensors),
            "upload_bytes": len(users) * self.plan.upload_bytes(task.tensors),
        }

    def _smoothed(self, done: Round) -> Round:
        validation, test = self._smoothings
        return replace(done, accuracy=validation.add(done.accuracy), test_accuracy=test.add(done.test_accuracy))
