"""Torture: a study whose driver or a worker is killed again and again, and what must hold after each kill."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from optuna.trial import FrozenTrial

from flopt.errors import FloptError
from flopt.fronts import Front
from flopt.results import open_results
from flopt.search.stores.postgres import Postgres
from flopt.search.stores.storage import Journal, lock, stored_trace
from flopt.study import study_of
from flopt.tuning import run_study

RUNS = 100
PATIENCE_S = 120.0
"""How long a killed search's processes may need to end on a very busy machine."""

ORACLE = '''
"""The analytic curve, which keeps a diary of the runs that it begins, and takes its time."""
import json
import os
import time
from pathlib import Path

from flopt.oracles.analytic import analytic
from flopt.results import problem_of
from flopt.study import study_of

learn = analytic(problem_of(study_of({"oracle": "analytic"})).task)


def rounds(plan, participation, seed):
    with Path(__file__).with_suffix(".diary").open("a") as diary:
        diary.write(json.dumps([os.getpid(), [plan.settings(), seed]]) + "\\n")
    time.sleep(float(Path(__file__).with_suffix(".pause").read_text()))
    yield from learn(plan, participation, seed)
'''

DRIVER = """
import json, sys
from pathlib import Path
from flopt.search.stores import postgres
from flopt.study import study_of
from flopt.tuning import run_study

postgres.HEARTBEAT_S, postgres.GRACE_S = 1, 3  # whoever is killed is soon missed

if __name__ == "__main__":
    study = study_of(json.loads(sys.argv[1])).anchored(Path())
    run_study(study, Path(sys.argv[2]), lambda progress: print(progress.runs, flush=True))
"""


def run_of(trial: FrozenTrial) -> list[Any]:
    """What a run is known by in the diary: its plan and its seed, which replicates have of their own."""
    return [trial.user_attrs["plan"], trial.user_attrs["seed"]]


@dataclass
class Torture:
    """One study under torture in a folder; `extra` are settings beside those that all tortured studies have."""

    folder: Path
    seed: int
    extra: dict[str, Any] = field(default_factory=dict)
    pause_s: float = 0.02
    runs: int = RUNS
    reported: int = 0
    """Runs that some driver has said to be finished."""
    stored: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Traces that were seen in the store, by run."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.oracle.write_text(ORACLE, encoding="utf-8")
        self.random = random.Random(self.seed)

    @property
    def oracle(self) -> Path:
        return self.folder / "slow.py"

    @property
    def study(self) -> Path:
        return self.folder / f"study{self.seed}"  # in a database, its name

    def tables(self) -> dict[str, Any]:
        return {
            "oracle": str(self.oracle), "space": "quick", "sampler": "random", "workers": 2, "seed": self.seed,
            "budget": {"runs": self.runs}, "run": {"retries": 99}, **self.extra,
        }  # fmt: skip

    def undisturbed(self) -> Path:
        """The same study with nothing done to it, in a journal, by one worker that does not wait."""
        self._pause(0.0)
        tables = self.tables() | {"workers": 1, "executor": "local", "run": {"retries": 1}}
        tables.pop("storage", None)
        study = study_of(tables)
        run_study(study.anchored(Path()), self.folder / "undisturbed")
        return self.folder / "undisturbed"

    def kill(self, times: int) -> None:
        """Run the study to its end, killing its driver or a worker so many times on the way."""
        self._pause(self.pause_s)
        left = times
        while left or self.reported < self.runs:
            self._forget_diary()
            with self._driver() as driver:
                for _ in self._progress(driver):
                    if left and self.random.random() < min(1.0, 2 * left / max(1, self.runs - self.reported)):
                        left -= 1
                        if self.random.random() < 0.5:
                            self._kill_worker()
                        else:
                            self._kill_driver(driver)
                            break
                else:
                    assert driver.wait() == 0
            self.check()
            assert not left or self.reported < self.runs, "the study ended before all kills were spent"

    def check(self) -> None:
        """What must hold at any moment when no driver lives."""
        if not self.study.exists():  # killed before it began
            return
        os.close(lock(self.study))  # nobody holds it
        try:
            trials = self.trials()
        except FloptError as error:  # killed while it was born
            assert not self.reported, error  # noqa: PT017  # any other time it opens
            return
        assert [trial.number for trial in trials] == list(range(len(trials)))
        assert len(trials) <= self.runs
        now = {trial.number: trace.to_json() for trial in trials if (trace := stored_trace(trial)) is not None}
        assert set(range(self.reported)) <= set(now), "a run that was reported finished is gone"
        assert {number: now[number] for number in self.stored} == self.stored, "a finished run has changed"
        done = [run_of(trials[number]) for number in self.stored]
        again = [run for _, run in self._diary() if run in done]
        assert not again, "a finished run was trained again"
        self.stored = now

    def trials(self) -> Sequence[FrozenTrial]:
        if "storage" in self.extra:
            with Postgres.read(self.extra["storage"], self.study) as store:
                return store.trials()
        with Journal.read(self.study) as journal:
            return journal.trials()

    def front(self) -> Front:
        return open_results(self.study).front()

    @contextmanager
    def _driver(self) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-c", DRIVER, json.dumps(self.tables()), str(self.study)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
            try:
                yield driver
            finally:
                driver.kill()

    def _progress(self, driver: subprocess.Popen[str]) -> Iterator[int]:
        assert driver.stdout is not None
        for line in driver.stdout:
            self.reported = max(self.reported, int(line))
            yield self.reported

    def _kill_driver(self, driver: subprocess.Popen[str]) -> None:
        family = psutil.Process(driver.pid).children(recursive=True)
        driver.kill()
        assert driver.stdout is not None
        for line in driver.stdout:  # what it had said before
            self.reported = max(self.reported, int(line))
        driver.wait()
        alive = psutil.wait_procs(family, timeout=PATIENCE_S)[1]
        orphans = [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
        assert not orphans, f"orphans: {orphans}"

    def _kill_worker(self) -> None:
        """That which began a run last."""
        pids = [pid for pid, _ in self._diary()]
        if pids:
            with suppress(psutil.Error):  # it has just ended
                psutil.Process(pids[-1]).kill()

    def _diary(self) -> list[tuple[int, list[Any]]]:
        diary = self.oracle.with_suffix(".diary")
        return [tuple(json.loads(line)) for line in diary.read_text().splitlines()] if diary.exists() else []

    def _forget_diary(self) -> None:
        self.oracle.with_suffix(".diary").unlink(missing_ok=True)

    def _pause(self, seconds: float) -> None:
        self.oracle.with_suffix(".pause").write_text(str(seconds))
