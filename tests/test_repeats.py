"""Repeats: who owns the front is run again, with common seeds, up to the round needed, and never beyond the budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from noisy_runs import Noisy
from optuna.trial import TrialState, create_trial

from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.budget import Left
from flopt.search.contenders import RIVALS
from flopt.search.repeats import SHARE, Repeat, Repeats
from flopt.search.seen import Seen
from flopt.study import study_of
from flopt.trace import COLUMNS, Trace
from flopt.tuning import tune

PROBLEM = problem_of(study_of({"oracle": "analytic"}))
TRIAL = create_trial(state=TrialState.RUNNING)
ENDLESS = Left(None, None)


def seen(plan: Plan, accuracy: np.ndarray, seed: int = 0, repeats: int | None = None) -> Seen:
    columns = {name: np.ones(len(accuracy)) for name in COLUMNS} | {"accuracy": np.clip(accuracy, 0, 1)}
    run = PROBLEM.run(plan, Trace(columns, seed, "someone"))
    values = np.column_stack([objective.along(run) for objective in PROBLEM.objectives])
    return Seen(TRIAL, values, np.empty((len(values), 0)), plan=plan, seed=seed, run=run, repeats=repeats)


def curve(one: Seen) -> np.ndarray:
    assert one.run is not None
    assert one.run.whole_trace is not None
    return one.run.whole_trace.accuracy


def told(plans: int = 12, rounds: int = 20) -> list[Seen]:
    """Plans of growing cost and accuracy; the dearer half learns nothing more."""
    noisy = Noisy.drawn(np.random.default_rng(3), plans=plans, rounds=rounds)
    order = np.argsort(noisy.truth[:, -1])
    noisy = Noisy(noisy.truth[order], noisy.cost, np.full(plans, 10.0))
    return [seen(Plan(rounds=rounds, local_epochs=1 + p), noisy.run(p, 0)) for p in range(plans)]


def test_only_owners_of_the_front_are_wanted_up_to_their_last_round_there() -> None:
    runs = told()
    wanted = Repeats(PROBLEM, 2, seed=0).wanted(runs, [])
    assert wanted
    for each in wanted:
        original = runs[each.number]
        assert replace(each.plan, rounds=20) == original.plan
        assert 1 <= each.plan.rounds <= 20
        assert each.seed in (1, 2, 3, 4)
    cheapest = min(range(12), key=lambda n: runs[n].values[0, 1])  # type: ignore[index]
    assert cheapest in {each.number for each in wanted}  # nothing can dominate the cheapest round
    assert [each.seed for each in wanted] == sorted(each.seed for each in wanted)  # every plan once before any twice


def test_seeds_are_common_to_all_plans_and_enough_is_enough() -> None:
    runs = told()
    repeats = Repeats(PROBLEM, 2, seed=7)
    runs = [seen(each.plan, curve(each), seed=7) for each in runs]
    for _ in range(60):
        wanted = repeats.wanted(runs, [])
        if not wanted:
            break
        each = wanted[0]
        assert (each.number, each.seed) not in {(n, r.seed) for n, r in enumerate(runs)}
        runs.append(seen(each.plan, curve(runs[each.number])[: each.plan.rounds], each.seed, each.number))
    assert not wanted
    assert {each.seed for each in runs} <= set(range(7, 7 + 2 * 5))  # a plan whose part of the front grows gets more


def test_what_is_running_is_not_wanted_again() -> None:
    runs = told()
    first = Repeats(PROBLEM, 2, seed=0).wanted(runs, [])
    busy = [Seen(TRIAL, None, np.empty((0, 0)), plan=each.plan, seed=each.seed, repeats=each.number) for each in first]
    assert Repeats(PROBLEM, 2, seed=0).wanted(runs, busy) == []
    assert len(Repeats(PROBLEM, 2, seed=0).wanted(runs, busy[:3])) == len(first) - 3


def test_new_plans_come_first_and_repeats_when_what_is_left_is_just_enough() -> None:
    runs, repeats = told(), Repeats(PROBLEM, 2, seed=0)
    wanted = repeats.wanted(runs, [])
    most = int(SHARE * 100)
    assert len(wanted) < most
    assert repeats.next(runs, [], Left(len(wanted) + 1, None), Left(100, None))[0] is None
    assert repeats.next(runs, [], Left(len(wanted), None), Left(100, None))[0] == wanted[0]
    rounds = sum(each.plan.rounds for each in wanted)
    assert repeats.next(runs, [], Left(None, rounds + 1), Left(None, 1000))[1] == rounds
    assert repeats.next(runs, [], Left(None, rounds), Left(None, 1000))[0] == wanted[0]
    assert repeats.next(runs, [], ENDLESS, ENDLESS) == (None, 0)
    assert Repeats(PROBLEM, 0, seed=0).next(runs, [], Left(1, 1), Left(100, 100)) == (None, 0)


def test_what_does_not_fit_into_the_rounds_that_are_left_is_not_begun() -> None:
    runs, repeats = told(), Repeats(PROBLEM, 2, seed=0)
    for rounds in range(1, 30):
        again, kept = repeats.next(runs, [], Left(None, rounds), Left(None, 1000))
        assert kept <= rounds
        assert again is None or again.plan.rounds <= rounds


def test_of_very_many_plans_the_nearest_to_the_front_are_looked_at() -> None:
    few = told(plans=40)
    bad = [seen(Plan(rounds=3, local_epochs=60 + p), np.full(3, 0.1)) for p in range(3 * RIVALS)]
    wanted = Repeats(PROBLEM, 1, seed=0).wanted([*few, *bad], [])
    assert {each.number for each in wanted} <= set(range(40))
    assert isinstance(wanted[0], Repeat)


@pytest.mark.parametrize("budget", [{"runs": 20}, {"rounds": 300}])
def test_a_study_ends_with_its_budget_and_its_front_has_several_seeds(tmp_path: Path, budget: dict[str, int]) -> None:
    results = tune({"oracle": "recorded", "workers": 1, "replicates": 2, "budget": budget}, out=tmp_path)
    runs, rounds = len(results.plans), sum(len(trace) for trace in results.traces if trace is not None)
    assert (runs if "runs" in budget else rounds) == next(iter(budget.values()))
    assert max(point.seeds for point in results.front().points) > 1
    assert sum(repeats is not None for repeats in results.repeats) <= SHARE * runs + (0 if "runs" in budget else runs)
