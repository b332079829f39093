"""Proposals: a function of their arguments alone, always inside the space, and aware of prefixes and limits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import FrozenTrial, TrialState

from flopt.errors import FloptError
from flopt.objectives import Direction
from flopt.plan import Plan
from flopt.search import samplers
from flopt.search.samplers import MOST_SHOWN, SAMPLERS, STARTUP_RUNS, check_sampler, distributions, propose
from flopt.search.seen import Seen
from flopt.space import ChoiceAxis, FloatAxis, IntAxis, Space

SPACE = Space(
    "mine",
    {
        "rounds": IntAxis(2, 60, log=True),
        "local_epochs": IntAxis(1, 5),
        "client_fraction": FloatAxis(0.1, 1.0, log=True),
        "batch_size": ChoiceAxis((10, 20, 50)),
        "uplink.kind": ChoiceAxis(("none", "quantize", "topk")),
        "uplink.level": FloatAxis(0.0, 1.0),
    },
)
OPTUNAS = ("tpe", "nsga2", "random")
"""Those of Optuna that propose in milliseconds; its GP has a test of its own, and the trajectory search its files."""
BOTH: tuple[Direction, Direction] = ("maximize", "minimize")
LOGGED = (False, True)


def curve(trial: FrozenTrial) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Accuracy and a cost after every round, by a formula that knows best and worst settings."""
    rounds = np.arange(1, trial.params["rounds"] + 1)
    accuracy = 1 - 0.9 * (1 + rounds * trial.params["local_epochs"]) ** -0.5
    return np.column_stack([accuracy, rounds * trial.params["client_fraction"] * trial.params["local_epochs"]])


def finished(trial: FrozenTrial, *, limit: float | None = None) -> Seen:
    values = curve(trial)
    return Seen(trial, values, np.empty((len(values), 0)) if limit is None else limit - values[:, :1])


def history(name: str, runs: int, *, limit: float | None = None, running: int = 3, seed: int = 0) -> list[Seen]:
    """Runs as a search would have made them, the last few still running and every seventh failed."""
    seen: list[Seen] = []
    for number in range(runs):
        trial = propose(name, SPACE, BOTH, seen, LOGGED, seed=1000 * seed + number)
        done = Seen(trial, None, np.empty((0, 0)), failed=True) if number % 7 == 6 else finished(trial, limit=limit)
        seen.append(done)
    return [*seen[: runs - running], *(Seen(run.trial, None, run.violations) for run in seen[runs - running :])]


def next_params(name: str, seen: Sequence[Seen], seed: int = 5) -> dict[str, object]:
    return propose(name, SPACE, BOTH, seen, LOGGED, seed).params


@pytest.mark.parametrize("name", OPTUNAS)
@pytest.mark.parametrize("runs", [0, 4, 18, 30])
def test_a_proposal_is_a_function_of_its_arguments(name: str, runs: int) -> None:
    seen = history(name, runs, running=min(3, runs))
    np.random.seed(1)  # noqa: NPY002  # the global generator must not matter
    first = propose(name, SPACE, BOTH, seen, LOGGED, 5)
    np.random.seed(2)  # noqa: NPY002
    for seed in (6, 7):
        next_params(name, seen, seed)  # what was asked in between is forgotten
    second = propose(name, SPACE, BOTH, seen, LOGGED, 5)
    assert first.params == second.params
    assert first.system_attrs == second.system_attrs
    assert first.distributions == second.distributions


@pytest.mark.parametrize("name", OPTUNAS)
def test_another_process_proposes_the_same(name: str) -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_samplers import history, next_params\n"
        f"print(next_params({name!r}, history({name!r}, 18)))"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == str(next_params(name, history(name, 18)))


@pytest.mark.parametrize("name", OPTUNAS)
def test_the_seed_matters(name: str) -> None:
    seen = history(name, 18)
    assert next_params(name, seen, 1) != next_params(name, seen, 2)


@pytest.mark.parametrize("name", OPTUNAS)
@settings(max_examples=8)
@given(seed=st.integers(0, 2**32 - 1), runs=st.integers(0, 24))
def test_proposals_lie_in_the_space(name: str, seed: int, runs: int) -> None:
    trial = propose(name, SPACE, BOTH, history(name, runs, running=min(3, runs)), LOGGED, seed)
    for axis, distribution in distributions(SPACE).items():
        assert distribution._contains(distribution.to_internal_repr(trial.params[axis]))
    plan = SPACE.plan(trial.params, Plan())
    assert Plan.of(plan.settings()) == plan
    assert trial.state is TrialState.RUNNING


@pytest.mark.parametrize("name", OPTUNAS)
def test_a_space_of_single_values_is_proposed_as_it_is(name: str) -> None:
    space = Space("one", {"rounds": IntAxis(5, 5), "client_lr": FloatAxis(0.1, 0.1), "batch_size": ChoiceAxis((7,))})
    seen: list[Seen] = []
    for number in range(14):
        trial = propose(name, space, ["minimize"], seen, [False], number)
        assert trial.params == {"rounds": 5, "client_lr": 0.1, "batch_size": 7}
        seen.append(Seen(trial, np.arange(5.0)[:, np.newaxis], np.empty((5, 0))))


def test_the_axes_in_optunas_terms() -> None:
    found = distributions(SPACE)
    assert list(found) == list(SPACE.axes)
    assert found["rounds"] == optuna.distributions.IntDistribution(2, 60, log=True)
    assert found["client_fraction"] == optuna.distributions.FloatDistribution(0.1, 1.0, log=True)
    assert found["batch_size"] == optuna.distributions.CategoricalDistribution((10, 20, 50))


def shown(run: Seen, *, space: Space = SPACE, prefixes: bool = True) -> list[FrozenTrial]:
    return samplers._shown(run, space, LOGGED, prefixes=prefixes)


def one(rounds: int, space: Space = SPACE, length: int | None = None) -> Seen:
    """A run of `rounds` that trained `length` of them."""
    trial = propose("random", space, BOTH, [], LOGGED, 3)
    trial.params = trial.params | {"rounds": rounds}
    values = np.column_stack([np.linspace(0.1, 0.9, rounds), 10.0 ** np.arange(rounds)])[: length or rounds]
    return Seen(trial, values, 0.5 - values[:, :1])


def test_a_sampler_sees_prefixes_as_runs_of_their_own() -> None:
    run = one(32)
    found = shown(run)
    assert [trial.params["rounds"] for trial in found] == [2, 4, 8, 16, 32]
    for trial in found:
        end = trial.params["rounds"]
        assert trial.values == pytest.approx([run.values[end - 1, 0], end - 1])  # type: ignore[index]
        assert trial.params | {"rounds": 32} == run.trial.params
        assert trial.constraints == {"limit 0": pytest.approx(0.5 - trial.values[0])}
        assert trial.state is TrialState.COMPLETE


def test_prefixes_are_not_shown_below_the_space() -> None:
    assert [trial.params["rounds"] for trial in shown(one(2))] == [2]
    assert [trial.params["rounds"] for trial in shown(one(3))] == [2, 3]


def test_a_run_cut_short_is_shown_where_it_ended() -> None:
    assert shown(one(32, length=5))[-1].params["rounds"] == 5
    assert len(shown(one(32, length=1))) == 1  # too short for the space to say so: it keeps its own rounds
    assert shown(one(32, length=1))[-1].params["rounds"] == 32


def test_prefixes_of_rounds_that_are_choices_are_choices() -> None:
    space = Space("choices", {"rounds": ChoiceAxis((20, 5, 10))})
    assert [t.params["rounds"] for t in shown(one(20, space), space=space)] == [5, 10, 20]
    assert [t.params["rounds"] for t in shown(one(20, space, length=12), space=space)] == [5, 10, 20]


def test_without_an_axis_of_rounds_a_run_is_shown_once() -> None:
    space = Space("fixed", {"local_epochs": IntAxis(1, 5)})
    run = Seen(propose("random", space, BOTH, [], LOGGED, 3), np.ones((40, 2)), np.empty((40, 0)))
    assert len(shown(run, space=space)) == 1


def test_nsga2_sees_whole_runs_only() -> None:
    assert len(shown(one(32), prefixes=False)) == 1


def test_running_and_failed_runs_are_shown_without_values() -> None:
    trial = one(32).trial
    (running,) = shown(Seen(trial, None, np.empty((0, 0))))
    (failed,) = shown(Seen(trial, None, np.empty((0, 0)), failed=True))
    assert (running.state, running.params) == (TrialState.RUNNING, trial.params)
    assert (failed.state, failed.params) == (TrialState.FAIL, trial.params)


def test_a_logged_objective_is_shown_by_its_power_of_ten() -> None:
    plain = samplers._shown(one(4), SPACE, (False, False), prefixes=False)[0]
    assert plain.values == pytest.approx([0.9, 1000.0])
    assert shown(one(4))[-1].values == pytest.approx([0.9, 3.0])


def test_tpe_starts_at_random_and_then_learns() -> None:
    few = history("random", STARTUP_RUNS - 1, running=0)
    assert next_params("tpe", few) == next_params("random", few)
    many = history("random", 2 * STARTUP_RUNS, running=0)
    assert next_params("tpe", many) != next_params("random", many)


def test_tpe_takes_prefixes_into_account() -> None:
    many = history("random", 20, running=0)
    with_prefixes = [next_params("tpe", many, seed) for seed in range(3)]
    whole = [replace(run, values=None if run.values is None else run.values[-1:]) for run in many]
    without = [next_params("tpe", whole, seed) for seed in range(3)]
    assert with_prefixes != without


@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_limits_on_learned_objectives_reach_the_sampler(name: str) -> None:
    def accuracy(limit: float | None) -> float:
        seen = history("nsga2", 26, limit=limit, running=0)
        proposals = [propose(name, SPACE, BOTH, seen, LOGGED, seed) for seed in range(12)]
        return float(np.mean([curve(trial)[-1, 0] for trial in proposals]))

    assert accuracy(0.9) > accuracy(None) + 0.05


def test_every_prefix_keeps_its_own_violations_and_the_run_is_left_alone() -> None:
    run = history("nsga2", 18, limit=0.5, running=0)[-2]
    attributes = dict(run.trial.system_attrs)
    assert attributes, "the sampler keeps notes of its own in the trial"
    for _ in range(2):
        found = shown(run)
        assert len(found) > 1
        for trial in found:
            assert trial.constraints == {"limit 0": pytest.approx(0.5 - trial.values[0])}
    assert run.trial.system_attrs == attributes
    assert not run.trial.constraints


def test_an_unknown_sampler_gets_the_nearest() -> None:
    for name in SAMPLERS:
        check_sampler(name)
    with pytest.raises(FloptError, match="no sampler 'nsga'; did you mean 'nsga2'"):
        check_sampler("nsga")


def test_the_gp_starts_at_random_sees_prefixes_and_is_a_function_of_its_arguments() -> None:
    seen = history("random", STARTUP_RUNS + 4, running=1)
    assert next_params("gp", seen[:4]) == next_params("random", seen[:4])
    first = next_params("gp", seen)
    assert first == next_params("gp", seen)
    assert first != next_params("random", seen)


def test_a_sampler_of_growing_time_is_shown_the_front_the_latest_and_some_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(MOST_SHOWN, "tpe", 12)
    seen = history("random", 40, running=3)
    kept = samplers._thinned(seen, BOTH, 12)
    done = [run for run in seen if run.values is not None]
    assert sum(run.values is not None for run in kept) == 12
    assert [run for run in kept if run.values is None] == [run for run in seen if run.values is None]
    assert kept == [run for run in seen if run in kept]
    assert done[-1] in kept
    assert next_params("tpe", seen) == next_params("tpe", kept)
    assert samplers._thinned(seen[:12], BOTH, 12) == seen[:12]
