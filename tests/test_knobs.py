"""Knobs: a plan priced again with one setting moved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flopt.plan import Plan
from flopt.reading.knobs import best_moves, dominant_part, moves
from flopt.results import Results


def test_the_dominant_part_is_the_largest(five_runs: Results) -> None:
    run = five_runs.front().points[1].run
    part, share = dominant_part(run)
    assert part == "server"
    assert share == pytest.approx(float(run.co2e_kg_by_part.server) / run.co2e_kg)


def test_a_move_is_a_price_and_no_phrase(five_runs: Results) -> None:
    problem = five_runs.problem
    run = problem.run(Plan(rounds=5, local_epochs=4, client_fraction=0.5))
    found = {(move.setting, move.after): move for move in moves(run, problem)}
    halved = found["local_epochs", 2]
    other = problem.run(Plan(rounds=5, local_epochs=2, client_fraction=0.5))
    assert halved.total_after_kg == other.co2e_kg
    assert halved.part_after_kg == float(other.co2e_kg_by_part.server)
    assert halved.cut == 1 - other.co2e_kg / run.co2e_kg
    assert found["local_epochs", 5].cut < 0  # doubled, as far as the space goes
    assert found["client_fraction", 0.25].before == 0.5
    assert not any(move.setting == "rounds" for move in moves(run, problem))
    shorter = [Plan.of({"uplink": str(after)}) for name, after in found if name == "uplink"]
    whole = Plan().upload_bytes(problem.task.tensors)
    assert shorter
    assert all(plan.upload_bytes(problem.task.tensors) <= whole / 2 for plan in shorter)


def test_the_best_moves_cut_the_part_and_come_in_order(five_runs: Results) -> None:
    run = five_runs.problem.run(Plan(rounds=5, local_epochs=4, client_fraction=0.5))
    found = best_moves(run, five_runs.problem)
    assert found
    assert all(move.part_after_kg < move.part_before_kg and move.cut > 0 for move in found)
    assert [move.cut for move in found] == sorted((move.cut for move in found), reverse=True)
    assert len({move.setting for move in found}) == len(found)


def test_another_fleet_has_another_knob(five_runs: Results) -> None:
    problem = replace(
        five_runs.problem, pricing=replace(five_runs.problem.pricing, network="per_gb", kwh_per_gb=1000.0)
    )
    run = problem.run(Plan(rounds=5))
    assert dominant_part(run)[0] == "network"
    assert best_moves(run, problem)[0].setting in ("uplink", "client_fraction")
