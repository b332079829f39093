"""The race of samplers: one rule to the recorded plans, bills in full, and scores from seeds that no search saw."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import search_race
from _race_comparison import ratio
from _race_front import expected_trail, looks
from _race_methods import METHODS
from _race_picture import attained
from _race_results import Results, Row, rows
from _race_score import Metric, Scorer, Training
from _race_search import Ask, race
from _race_stops import WRONG, added, replay
from _race_tables import needed, quartiles
from _race_tried import tried
from _race_world import World, at_share
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from flopt.oracles.shipped import TABLES
from flopt.oracles.table import CURVES, Table, load_table, save_table
from flopt.pareto import hypervolume
from flopt.search.samplers import propose
from flopt.space import FloatAxis, IntAxis

Array = NDArray[np.float64]

DIGITS = load_table(TABLES / "digits.npz")
ROUNDS = 12


def small(accuracy: object = None, plans: int = 8, seeds: int = 3) -> Table:
    """A few plans of the shipped table, cut short; with other accuracies, shape (plans, seeds, rounds), where given."""
    curves = {name: DIGITS.curves[name][:plans, :seeds, :ROUNDS].copy() for name in CURVES}
    if accuracy is not None:
        curves["accuracy"] = np.broadcast_to(np.asarray(accuracy, dtype=np.float32), (plans, seeds, ROUNDS)).copy()
    return Table(
        DIGITS.task, tuple(replace(p, rounds=ROUNDS) for p in DIGITS.plans[:plans]), DIGITS.seeds[:seeds], curves
    )


@pytest.fixture
def world_of(tmp_path: Path) -> Callable[[Table], World]:
    def made(table: Table) -> World:
        save_table(table, tmp_path / "small.npz")
        return World.of(tmp_path / "small.npz")

    return made


@lru_cache
def whole() -> World:
    return World.of(TABLES / "digits.npz")


@pytest.fixture
def digits() -> World:
    return whole()


def test_a_recorded_plan_is_nearest_to_itself(digits: World) -> None:
    assert [digits.row(plan) for plan in digits.table.plans] == list(range(len(digits.table.plans)))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31))
def test_every_proposal_becomes_a_recorded_plan_with_its_own_rounds(seed: int) -> None:
    world = whole()
    trial = propose("random", world.problem.space, ["maximize", "minimize"], [], [], seed)
    plan = world.problem.space.plan(trial.params, world.problem.base)
    assert plan.rounds == trial.params["rounds"]
    recorded = world.table.plans[world.row(plan)]
    assert replace(plan, rounds=recorded.rounds) == recorded
    assert world.problem.run(plan).co2e_kg == pytest.approx(world.kg[world.row(plan), plan.rounds - 1])


def test_a_kind_of_compression_is_left_only_for_a_plan_that_is_much_nearer(digits: World) -> None:
    plan = digits.table.plans[0]
    other = replace(plan, client_lr=plan.client_lr * 1.01)
    assert digits.row(other) == 0


@given(share=st.floats(0, 1))
def test_shares_of_an_axis_lie_on_it_and_its_ends_are_its_bounds(share: float) -> None:
    for axis in (IntAxis(2, 100, log=True), IntAxis(1, 10), FloatAxis(0.005, 0.5, log=True), FloatAxis(0.0, 1.0)):
        assert axis.low <= at_share(axis, share) <= axis.high
        assert at_share(axis, 0.0) == pytest.approx(axis.low)
        assert at_share(axis, 1.0) == pytest.approx(axis.high)


def test_a_plan_trained_again_gets_a_fresh_seed_and_one_seed_is_never_shown(digits: World) -> None:
    shown = [digits.column(3, 7, visits) for visits in range(12)]
    assert len(set(shown[:4])) == 4
    assert shown[4:8] == shown[:4], "after that the same come again in turn"
    assert len(set(shown)) == digits.seeds - 1


def test_the_honest_score_is_that_of_the_other_seeds(world_of: Callable[[Table], World]) -> None:
    accuracy = np.zeros((8, 3, ROUNDS))
    accuracy[0] = np.array([0.9, 0.5, 0.6])[:, None]
    world = world_of(small(accuracy))
    scorer = Scorer(world)
    trail = scorer.trail([Training(0, 0, 1, 1, stopped=False)], prefixes=True)
    (metric,) = (m for m in scorer.metrics if m.name == "chance, log kg")
    decades = np.log10(world.kg.max() / world.kg[0, 0])
    assert trail.seen[0, 0] * scorer.best[0] == pytest.approx((0.9 - metric.accuracy) * decades, rel=1e-5)
    assert trail.honest[0, 0] * scorer.best[0] == pytest.approx((0.55 - metric.accuracy) * decades, rel=1e-5)
    twice = scorer.trail([Training(0, 0, 1, 1, stopped=False), Training(0, 1, 1, 1, stopped=False)], prefixes=True)
    assert twice.honest[1, 0] * scorer.best[0] == pytest.approx((0.6 - metric.accuracy) * decades, rel=1e-5)


def test_where_seeds_agree_honest_is_what_was_seen_and_all_plans_reach_the_best(
    world_of: Callable[[Table], World],
) -> None:
    table = small()
    world = world_of(small(table.curves["accuracy"][:, :1]))
    scorer = Scorer(world)
    trail = scorer.trail([Training(row, 0, ROUNDS, ROUNDS, stopped=False) for row in range(8)], prefixes=True)
    assert trail.seen == pytest.approx(trail.honest)
    assert trail.honest[-1] == pytest.approx(1.0)
    assert (np.diff(trail.seen, axis=0) >= -1e-12).all()
    last = scorer.trail([Training(row, 0, ROUNDS, ROUNDS, stopped=False) for row in range(8)], prefixes=False)
    assert (last.seen <= trail.seen + 1e-12).all()


def test_every_round_is_billed_by_its_deployment_price(world_of: Callable[[Table], World]) -> None:
    world = world_of(small())
    done = [Training(2, 0, 5, 9, stopped=True), Training(4, 1, 3, 3, stopped=False)]
    trail = Scorer(world).trail(done, prefixes=True)
    assert trail.rounds.tolist() == [5, 8]
    assert trail.kg == pytest.approx([world.kg[2, 4], world.kg[2, 4] + world.kg[4, 2]])


def test_a_failed_run_is_billed_and_its_rounds_before_count(world_of: Callable[[Table], World]) -> None:
    accuracy = np.full((8, 3, ROUNDS), 0.5)
    accuracy[:, :, 4:] = np.nan

    class Once:
        told: tuple[int, bool] = (0, False)

        def ask(self) -> Ask:
            return Ask(world.table.plans[1])

        def tell(self, accuracy: Array, kg: Array, *, failed: bool, stopped: bool) -> None:
            assert not stopped
            assert len(accuracy) == len(kg)
            self.told = (len(accuracy), failed)

    world = world_of(small(accuracy))
    searcher = Once()
    (run,) = race(world, searcher, 0, 5)
    assert (run.row, run.rounds, run.planned) == (1, 5, ROUNDS)
    assert searcher.told == (4, True)
    assert np.isfinite(Scorer(world).trail([run], prefixes=True).honest).all()


def test_a_censored_search_is_never_a_number() -> None:
    assert quartiles(np.array([100.0, 200.0, np.inf])) == (150.0, 200.0, np.inf)
    assert quartiles(np.array([100.0, np.inf])) == (np.inf, np.inf, np.inf)
    assert ratio(100, 250, 3000) == (2.5, "")
    assert ratio(100, np.inf, 3000) == (30.0, ">")
    assert np.isnan(ratio(np.inf, 250, 3000)[0])


def test_a_stop_is_wrong_where_the_mean_curve_would_have_added_much(world_of: Callable[[Table], World]) -> None:
    accuracy = np.full((8, 3, ROUNDS), 0.2)
    accuracy[0, :, 6:] = 0.9
    scorer = Scorer(world_of(small(accuracy)))
    late = Training(0, 0, 3, ROUNDS, stopped=True)
    flat = Training(1, 0, 3, ROUNDS, stopped=True)
    gains = added(scorer, [late, flat], 0)
    assert gains[0] > WRONG
    assert gains[1] == pytest.approx(0, abs=1e-12)
    lost = replay(scorer, [late, flat], 0)
    assert lost.rounds == 2 * ROUNDS / 6
    assert lost.lost == pytest.approx(lost.lost_by_mean)
    assert lost.lost > 0.1
    assert replay(scorer, [late._replace(rounds=ROUNDS, stopped=False)], 0) == (1.0, 0.0, 0.0)
    assert replay(scorer, [flat], 2) == (ROUNDS / 3, 0.0, 0.0), "neither reaches the region: nothing is lost"


def test_the_target_is_reached_when_it_first_is(world_of: Callable[[Table], World]) -> None:
    world = world_of(small())
    scorer, results = Scorer(world), Results(world, 60)
    results.fill(["random"], 2, 1)
    last, every, expected = rows(results, scorer, ["random"], ["random"])
    assert (last.name, every.name, expected.name) == ("random", "random + prefixes", "random + expected")
    assert all(trail.rounds[-1] == every.trails[seed].rounds[-1] for seed, trail in expected.trails.items())
    for seed, trail in every.trails.items():
        target = float(trail.honest[:, 0].max())
        at = needed(every, "rounds", 0, target)[seed]
        assert trail.honest[trail.at(trail.rounds, at), 0] >= target
    assert np.isinf(needed(every, "kg", 0, 2.0)).all()


def test_a_race_goes_on_where_it_stopped_and_names_who_is_missing(
    world_of: Callable[[Table], World],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world_of(small())
    monkeypatch.setitem(sys.modules, "pymoo", None)  # not installed
    common = ["race", "--table", str(tmp_path / "small.npz"), "--seeds", "2", "--out", str(tmp_path / "race.json")]
    common += ["--picture", str(tmp_path / "race.png")]
    names = ["--methods", "random", "tpe", "flopt tpe/trajectory", "pymoo nsga2"]
    monkeypatch.setattr(sys, "argv", [*common, "--rounds", "40", *names, "--ours", "flopt tpe/trajectory"])
    search_race.main()
    told = capsys.readouterr().out
    assert "MISSING: pymoo nsga2 (ModuleNotFoundError" in told
    assert "tpe + prefixes" in told
    monkeypatch.setattr("_race_results.race", lambda *_: pytest.fail("it was there already"))
    search_race.main()
    assert capsys.readouterr().out == told
    assert (tmp_path / "race.png").stat().st_size > 10_000


def test_a_search_depends_on_its_seed_alone(digits: World) -> None:
    for name in ("flopt tpe/trajectory", "tpe"):
        first, again, other = (race(digits, METHODS[name].search(digits, seed), seed, 60) for seed in (1, 1, 2))
        assert first == again != other


def test_half_of_the_fronts_attain_what_two_of_three_do(world_of: Callable[[Table], World]) -> None:
    accuracy = np.full((8, 3, ROUNDS), 0.2)
    accuracy[:3] = np.array([0.5, 0.6, 0.7])[:, None, None]
    scorer = Scorer(world_of(small(accuracy)))
    trails = {row: scorer.trail([Training(row, 0, 1, 1, stopped=False)], prefixes=True) for row in range(3)}
    surfaces = attained(Row("three", trails))
    dearest = max(float(scorer.world.kg[row, 0]) for row in range(3))
    assert surfaces[50][-1, 0] <= dearest
    assert surfaces[50][:, 1].max() == pytest.approx(0.6)
    assert surfaces[25][:, 1].max() == pytest.approx(0.7)


def test_where_nothing_is_noisy_flopt_reports_the_front_that_it_has_seen(world_of: Callable[[Table], World]) -> None:
    scorer = Scorer(world_of(small(np.linspace(0.2, 0.8, ROUNDS) * np.linspace(0.5, 1, 8)[:, None, None])))
    runs = [Training(row, row % 2, ROUNDS, ROUNDS, stopped=False) for row in range(8)]
    reported, raw = expected_trail(scorer, runs), scorer.trail(runs, prefixes=True)
    assert reported.seen[-1] == pytest.approx(raw.honest[-1], abs=0.02)
    assert reported.runs.tolist() == looks(runs)
    assert reported.rounds[-1] == raw.rounds[-1]


def test_the_front_is_worked_out_ever_less_often_and_at_the_end() -> None:
    runs = [Training(0, 0, 10, 10, stopped=False)] * 100
    assert looks(runs)[:3] == [5, 7, 9]
    assert looks(runs)[-1] == 100
    assert len(looks(runs)) < 20


@given(points=st.lists(st.tuples(st.floats(0, 1), st.floats(-9, -5)), min_size=1, max_size=12))
def test_the_hypervolume_of_a_sorted_front_is_that_of_any_points(points: list[tuple[float, float]]) -> None:
    accuracy, kg = np.array([a for a, _ in points]), 10 ** np.array([k for _, k in points])
    for logged in (True, False):
        metric = Metric("", 0.3, 1e-6, logged)
        loss = np.column_stack([np.log10(kg) + 6 if logged else kg / 1e-6 - 1, -accuracy])
        assert metric.volume(accuracy, kg) == pytest.approx(hypervolume(loss, [0.0, -0.3]), abs=1e-9)


def test_what_was_tried_could_give_more_if_it_were_run_on(world_of: Callable[[Table], World]) -> None:
    scorer = Scorer(world_of(small(np.linspace(0.2, 0.95, ROUNDS) * np.linspace(0.5, 1, 8)[:, None, None])))
    all_short = [Training(row, 0, 2, 2, stopped=False) for row in range(8)]
    trained, whole = tried(scorer, all_short)
    assert whole == pytest.approx(np.ones(4))  # every plan, to its end, is the best there is
    assert trained[0] < 0.9
    once_long = [*all_short, *(Training(row, 1, ROUNDS, ROUNDS, stopped=False) for row in range(8))]
    assert tried(scorer, once_long)[0] == pytest.approx(whole)
    assert (tried(scorer, all_short[:1])[1] <= whole).all()
