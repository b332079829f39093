"""A study whose plans do what no plan should, by their local epochs; shared by the tests of all engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flopt.cli.runs import RunRow, run_rows
from flopt.oracles.analytic import analytic
from flopt.results import open_results

ORACLE = """
import os, time
from flopt.oracles.analytic import analytic
from flopt.results import problem_of
from flopt.study import study_of

learn = analytic(problem_of(study_of({})).task)

def rounds(plan, participation, seed):
    for index, each in enumerate(learn(plan, participation, seed)):
        if plan.local_epochs == 2:
            os._exit(9)
        if plan.local_epochs == 3:
            time.sleep(3600)
        if plan.local_epochs == 4:
            kept = [os.urandom(1) * 10_000_000 for _ in range(1000)]
            time.sleep(3600)
        if plan.local_epochs == 5:
            raise ValueError("five")
        if plan.local_epochs == 6:
            yield "garbage"
        yield each
"""

SPACE = "[rounds]\nlow = 2\nhigh = 5\n\n[local_epochs]\nlow = 1\nhigh = 6\n"

EPOCHS = (2, 6, 1, 4, 5, 3)
"""Local epochs of the first runs at random with the study's seed: one of each kind."""

REASONS = {
    1: "",
    2: "its worker process ended with exit code 9 (2 attempts)",
    3: "it took longer than run.minutes = 0.25",
    4: "it took more memory than run.memory_gb = 0.5",
    5: "round 1: ValueError: five",
    6: "round 1: the oracle gave 'garbage'; it must give flopt.Round values",
}


def bad_study(folder: Path, executor: str = "local") -> dict[str, Any]:
    """The study, with its files in `folder`; a run that eats memory is quicker there than its time limit."""
    (folder / "mine.py").write_text(ORACLE, encoding="utf-8")
    (folder / "mine.toml").write_text(SPACE, encoding="utf-8")
    return {
        "oracle": str(folder / "mine.py"),
        "space": str(folder / "mine.toml"),
        "sampler": "random",
        "stopping": "none",
        "executor": executor,
        "workers": 2,
        "seed": 47,
        "budget": {"runs": len(EPOCHS)},
        "run": {"minutes": 0.25, "memory_gb": 0.5},
    }


def check_bad_runs(study: Path) -> list[RunRow]:
    """Every run ended as its plan says, and the good one as it does by itself; gives the rows."""
    rows = run_rows(study)
    assert [row.reason for row in rows] == [REASONS[epochs] for epochs in EPOCHS]
    assert [row.status for row in rows] == ["ok" if epochs == 1 else "failed" for epochs in EPOCHS]
    assert [row.attempts for row in rows] == [2 if epochs == 2 else 1 for epochs in EPOCHS]
    assert all(":" in row.where for row in rows)
    assert next(row.wasted_cpu_s for row, epochs in zip(rows, EPOCHS, strict=True) if epochs == 4) > 0
    results = open_results(study)
    good = EPOCHS.index(1)
    plan, trace = results.plans[good], results.traces[good]
    assert trace is not None
    alone = analytic(results.problem.task)(plan, results.problem.participation(plan, 47), 47)
    assert trace.accuracy.tolist() == [each.accuracy for each in alone]
    return rows
