"""The work of a round by hand, for one plan and for many."""

from __future__ import annotations

import re

import numpy as np
import pytest

from flopt.compression import Compression
from flopt.emissions.work import Work, expected_work, joined_works
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.task import Task

# 14 clients of 10 to 23 samples, 16.5 on average; 4 x 3 + 3 = 15 parameters.
TASK = Task("toy", tuple(range(10, 24)), ((4, 3), (3,)), 90.0, 0.4)


def test_the_work_of_one_round_by_hand() -> None:
    plan = Plan(local_epochs=3, client_fraction=0.35, uplink=Compression("quantize", 8))
    work = expected_work([plan], TASK)
    assert work.clients.tolist() == [5]  # 0.35 x 14 = 4.9
    assert work.samples.tolist() == [3 * 16.5]
    assert work.download_bytes.tolist() == [15 * 4]
    assert work.upload_bytes.tolist() == [15 + 2 * 4]  # a byte for each entry, a scale for each tensor
    assert (work.flop_per_sample, work.population) == (90, 14)


def test_many_plans_stand_side_by_side() -> None:
    plans = [Plan(local_epochs=epochs, client_fraction=fraction) for epochs in (1, 4) for fraction in (0.01, 0.5, 1)]
    work = expected_work(plans, TASK)
    assert work.clients.tolist() == [1, 7, 14, 1, 7, 14]
    assert work.samples.tolist() == [16.5] * 3 + [66] * 3
    assert work.upload_bytes.shape == (6,)


def test_the_rounds_of_a_plan_do_not_change_the_work_of_one() -> None:
    work = expected_work([Plan(rounds=1), Plan(rounds=200)], TASK)
    for name in ("clients", "samples", "download_bytes", "upload_bytes"):
        assert len(set(getattr(work, name).tolist())) == 1


def scaled(population: float) -> Work:
    return expected_work([Plan(client_fraction=0.01), Plan(client_fraction=0.35)], TASK).scaled_to(population)


def test_a_larger_population_draws_the_same_share_of_it() -> None:
    assert scaled(14_000).clients.tolist() == [1000, 5000]
    assert scaled(14_000).population == 14_000
    assert scaled(14_000).samples.tolist() == scaled(14).samples.tolist()


def test_a_smaller_population_draws_one_client_at_least() -> None:
    assert scaled(7).clients.tolist() == [1, 3]  # 5 / 2, halves rounded up: clients are whole
    assert scaled(1).clients.tolist() == [1, 1]


@pytest.mark.parametrize("population", [0, 0.5, -14])
def test_a_population_has_at_least_one_client(population: float) -> None:
    with pytest.raises(FloptError, match=re.escape(f"population = {population:g}: must be at least 1")):
        scaled(population)


def test_plans_of_equal_work_are_one_work() -> None:
    plans = [Plan(local_epochs=3), Plan(), Plan(local_epochs=3, rounds=7), Plan(client_lr=0.5), Plan(batch_size=3)]
    work = expected_work(plans, TASK)
    distinct, place = work.distinct()
    assert len(distinct) == 2
    assert place[0] == place[2] != place[1] == place[3] == place[4]
    assert distinct.samples[place].tolist() == work.samples.tolist() == [49.5, 33.0, 49.5, 33.0, 33.0]
    assert distinct.upload_bytes[place].tolist() == work.upload_bytes.tolist()


def test_some_plans_are_taken_out_of_many_and_put_together_again() -> None:
    works = expected_work([Plan(local_epochs=epochs, client_fraction=0.35) for epochs in (1, 2, 3, 4)], TASK)
    assert len(works[1:3]) == 2
    assert works[2].samples.shape == ()
    assert works[np.array([3, 0])].samples.tolist() == [66, 16.5]
    again = joined_works([works[number] for number in range(4)])
    for name in ("clients", "samples", "held_out_samples", "download_bytes", "upload_bytes"):
        assert getattr(again, name).tolist() == getattr(works, name).tolist()
    assert (again.population, again.flop_per_sample) == (14, 90)


def test_equal_work_is_found_once_and_every_plan_finds_its_own() -> None:
    works = expected_work([Plan(rounds=r, local_epochs=e) for r, e in ((1, 2), (9, 2), (5, 1), (7, 2), (2, 1))], TASK)
    found, place = works.distinct()
    assert len(found) == 2
    assert found.samples[place].tolist() == works.samples.tolist()


def test_held_out_samples_are_a_third_of_those_that_are_trained_on() -> None:
    assert expected_work([Plan(local_epochs=7)], TASK).held_out_samples.tolist() == pytest.approx([5.5])  # 20 of 60 %
