"""The contract of an oracle: the generator in its docstring is one, and closing it stops it."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from flopt.oracle import Bounded, Oracle, Resumable
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.trace import Round, record

PARTICIPATION = Participation.complete(np.array([[0, 1], [2, 0], [1, 2]]), np.zeros(3, dtype=np.int64))


class Log:
    """An oracle that says when it has been stopped."""

    stopped = False

    def __call__(self, plan: Plan, participation: Participation, seed: int) -> Generator[Round]:
        try:
            for clients in participation.selected[: plan.rounds]:
                yield Round(0.5, 1.0, clients=len(clients), samples=seed, download_bytes=8, upload_bytes=8)
        finally:
            self.stopped = True


def test_a_generator_function_is_an_oracle() -> None:
    oracle: Oracle = Log()
    trace = record(oracle(Plan(rounds=2), PARTICIPATION, 7), seed=7, participation=PARTICIPATION.fingerprint)
    assert trace.columns["clients"].tolist() == [2, 2]


def test_closing_the_generator_stops_the_training() -> None:
    oracle = Log()
    rounds = oracle(Plan(rounds=3), PARTICIPATION, 7)
    next(rounds)
    assert not oracle.stopped
    rounds.close()
    assert oracle.stopped


def test_a_plain_generator_function_does_not_go_on_from_files() -> None:
    assert not isinstance(Log(), Resumable)


def test_a_plain_generator_function_knows_every_plan() -> None:
    assert not isinstance(Log(), Bounded)
