"""The rungs: every run has one oracle, in their order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flopt.errors import FloptError
from flopt.results import problem_of
from flopt.search.rungs import Rungs
from flopt.study import study_of

THREE = Rungs(("analytic", "recorded", "simulated"), 4)


def test_each_oracle_has_its_runs_and_the_last_all_others() -> None:
    assert [THREE.oracle(number) for number in range(11)] == ["analytic"] * 4 + ["recorded"] * 4 + ["simulated"] * 3
    assert [THREE.first(number) for number in range(11)] == [0] * 4 + [4] * 4 + [8] * 3
    assert [THREE.below(number) for number in (0, 5, 8, 100)] == [slice(0, 0), slice(0, 4), slice(4, 8), slice(4, 8)]
    assert THREE.predicted == 8


def test_one_oracle_is_named_in_no_run() -> None:
    alone = Rungs.of(problem_of(study_of({"oracle": "analytic"})), 0)
    assert [alone.oracle(0), alone.first(99), alone.below(99), alone.predicted] == ["", 0, slice(0, 0), 0]


def test_a_problem_gives_its_rungs_from_cheap_to_dear() -> None:
    problem = replace(problem_of(study_of({"oracle": "recorded"})), cheaper=("analytic",))
    assert Rungs.of(problem, 3) == Rungs(("analytic", "recorded"), 3)
    with pytest.raises(FloptError, match=r"^ladder\.runs = 0: must be at least 1$"):
        Rungs.of(problem, 0)
