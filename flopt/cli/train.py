"""`flopt train`: one plan, trained round by round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from flopt.catalogue import load_oracle
from flopt.cli.printing import note, print_json
from flopt.oracle import Bounded, Oracle
from flopt.plan import Plan, Setting
from flopt.results import problem_of
from flopt.run import Run
from flopt.search.problem import Problem
from flopt.study import load_study
from flopt.trace import Round, record
from flopt.units import quantity

__all__ = ["train_plan"]


def train_plan(
    file: Path | None, plan: Mapping[str, Setting | None], settings: Sequence[str], seed: int | None, *, as_json: bool
) -> int:
    """Train the study's plan, changed where `plan` is not None; returns 0, or 1 where the training failed."""
    study = load_study(file, [*settings, *([f"seed={seed}"] if seed is not None else [])])
    problem = problem_of(study)
    chosen = Plan.of({name: value for name, value in plan.items() if value is not None}, problem.base)
    predicted = problem.run(chosen)
    participation = problem.participation(chosen, study.seed)
    rounds = study.resolve("oracle", lambda: _oracle_for(chosen, problem))(chosen, participation, study.seed)
    trace = record(
        rounds if as_json else _told(rounds, predicted), seed=study.seed, participation=participation.fingerprint
    )
    if as_json:
        kg = [float(value) for value in predicted.footprint.co2e_kg.total[: len(trace)]]
        head = {"plan": chosen.settings(), "task": problem.task.name, "oracle": problem.oracle}
        print_json({**head, **trace.to_json(), "expected_co2e_kg_so_far": kg})
    if trace.status == "failed":
        note(f"the run failed: {trace.reason}")
        return 1
    return 0


def _oracle_for(plan: Plan, problem: Problem) -> Oracle:
    """The oracle; a plan that it does not know is no run that fails, but one that cannot be asked for."""
    oracle = load_oracle(problem.oracle, problem.source, problem.task)
    if isinstance(oracle, Bounded):
        oracle.check(plan)
    return oracle


def _told(rounds: Iterable[Round], predicted: Run) -> Iterator[Round]:
    """The same rounds, each printed as soon as it is done."""
    width = len(str(predicted.length))
    for number, done in enumerate(rounds, start=1):
        emitted = quantity(float(predicted.footprint.co2e_kg.total[number - 1]), "kg")
        print(
            f"round {number:{width}}/{predicted.length}  accuracy {done.accuracy:.4f}  loss {done.loss:.4f}  "
            f"{emitted} CO2e expected so far",
            flush=True,
        )
        yield done
