"""What really took part against what was expected to: equal for equal clients, equal on average for all others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flopt.compression import Compression
from flopt.emissions.fleet import Fleet
from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.footprint import PARTS, Footprint, round_footprint
from flopt.emissions.pricer import Pricer
from flopt.emissions.pricing import NetworkModel, Pricing, rates
from flopt.emissions.rates import Rates
from flopt.emissions.realised import realised_footprint
from flopt.emissions.selection import draw_participation
from flopt.emissions.work import expected_work
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import Task
from flopt.units import J_PER_KWH

PLAN = Plan(rounds=2, local_epochs=3, client_fraction=0.35, uplink=Compression("quantize", 8))
EQUAL = Task("equal", (40,) * 16, ((400, 300), (300,)), 5e6, 0.4)
UNEQUAL = replace(EQUAL, client_samples=(5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 7, 9, 11, 13, 500))
DRAWS = 1000

Array = NDArray[np.float64]


def expected(plan: Plan, task: Task, priced: Rates) -> Footprint:
    return round_footprint(expected_work([plan], task), priced).map(lambda each: each[0])


def realised(plan: Plan, task: Task, pricer: Pricer, seed: int) -> Footprint:
    return realised_footprint(plan, task, draw_participation(plan, task, pricer, seed), pricer.rates)


def values(footprint: Footprint) -> dict[str, Array]:
    """Every part of a footprint in kWh and kg, the totals, and the seconds."""
    found = {"duration_s": footprint.duration_s}
    for name, quantity in (("kWh", footprint.energy_kwh), ("kg", footprint.co2e_kg)):
        found |= {f"{part} {name}": getattr(quantity, part) for part in (*PARTS, "total")}
    return found


def in_one_class(name: str) -> Fleet:
    fleet = load_fleet(name)
    return replace(fleet, groups=(replace(fleet.groups[0], share=1.0),))


@pytest.mark.parametrize("fleet", ["phones_europe", "hospital_silos"])
@pytest.mark.parametrize("network", ["router", "per_gb"])
@pytest.mark.parametrize("fraction", [0.01, 0.35, 1.0])
def test_equal_clients_of_one_class_emit_what_is_expected_in_every_round(
    fleet: str, network: NetworkModel, fraction: float
) -> None:
    plan = replace(PLAN, client_fraction=fraction)
    one_class = in_one_class(fleet)
    pricer = Pricer(one_class, Pricing(network=network))
    want, got = values(expected(plan, EQUAL, pricer.rates)), values(realised(plan, EQUAL, pricer, seed=3))
    for name, value in want.items():
        assert got[name].shape == (2,)
        assert got[name] == pytest.approx(float(value), rel=1e-12), name


def means(plan: Plan, task: Task, pricer: Pricer) -> dict[str, tuple[float, float]]:
    """Mean and standard error over many seeds, each with its own groups and draws; the mean of a run's rounds."""
    runs = [values(realised(plan, task, pricer, seed)) for seed in range(DRAWS)]
    samples = {name: np.array([run[name].mean() for run in runs]) for name in runs[0]}
    return {name: (float(s.mean()), float(s.std(ddof=1)) / DRAWS**0.5) for name, s in samples.items()}


def assert_means_agree(plan: Plan, task: Task, fleet: Fleet, names: set[str] | None = None) -> None:
    pricer = Pricer(fleet, Pricing())
    found, want = means(plan, task, pricer), values(expected(plan, task, pricer.rates))
    for name, value in want.items():
        if names is None or name in names:
            mean, error = found[name]
            rounding = 1e-12 * float(want.get(f"total {name.split()[-1]}", value))
            assert abs(mean - float(value)) <= 3 * error + rounding, name


@pytest.mark.parametrize("fleet", ["hospital_silos", "jetson_lab"])
@pytest.mark.parametrize("fraction", [0.1, 0.35, 1.0])
def test_equal_sized_clients_on_mixed_devices_emit_what_is_expected_on_average(fleet: str, fraction: float) -> None:
    # 16 clients: every group has whole clients, so that waiting and the server agree too.
    assert_means_agree(replace(PLAN, client_fraction=fraction), EQUAL, load_fleet(fleet))


@pytest.mark.parametrize("fraction", [0.1, 0.15, 1.0])
def test_groups_that_are_not_whole_emit_what_is_expected_on_average(fraction: float) -> None:
    fourteen = replace(EQUAL, client_samples=(40,) * 14)  # 4.9, 4.2, 2.8 and 2.1 clients
    assert_means_agree(replace(PLAN, client_fraction=fraction), fourteen, load_fleet("phones_europe"))


def test_where_everyone_is_drawn_a_rare_slow_client_counts_when_it_is_there() -> None:
    # 0.42 slow clients of 14: in 42 of 100 fleets there is one, and then every round waits for it.
    lab, fourteen = load_fleet("jetson_lab"), replace(EQUAL, client_samples=(40,) * 14)
    slow, fast = lab.groups
    fleet = replace(lab, groups=(replace(slow, share=0.03), replace(fast, share=0.97)))
    assert_means_agree(replace(PLAN, client_fraction=1.0), fourteen, fleet)


@pytest.mark.parametrize("fleet", ["phones_europe", "hospital_silos"])
def test_unequal_clients_emit_what_is_expected_on_average_in_all_parts_that_are_linear_in_size(fleet: str) -> None:
    # Waiting, and with it the server, is expected for clients of the mean size: it is not linear in their sizes.
    linear = {f"{part} {unit}" for part in ("training", "download", "upload", "network") for unit in ("kWh", "kg")}
    assert_means_agree(PLAN, UNEQUAL, load_fleet(fleet), linear)


def test_a_round_of_unequal_clients_lasts_longer_than_expected_for_the_mean_size() -> None:
    # Jensen's inequality: the slowest of unequal clients is slower than clients of the mean size.
    pricer = Pricer(in_one_class("phones_europe"), Pricing())
    mean_s, _ = means(PLAN, UNEQUAL, pricer)["duration_s"]
    assert mean_s > expected(PLAN, UNEQUAL, pricer.rates).duration_s


def test_one_round_by_hand() -> None:
    # jetson_lab: clients 0 and 2 are TX2 boards, clients 1 and 3 AGX Xavier; in the round, clients 0 and 1 take part.
    fleet = load_fleet("jetson_lab")
    task = Task("hand", (10, 400, 1, 1), ((250_000,),), 1e9, 0.5)
    plan = Plan(rounds=1, local_epochs=2, client_fraction=0.5)
    participation = Participation.complete(np.array([[1, 0]]), np.array([0, 1, 0, 1]))
    footprint = realised_footprint(plan, task, participation, rates(fleet, Pricing(pue=1.5)))
    # Training: 2 x 10 x 1e9 / 2e10 = 1 s, 2 x 400 x 1e9 / 2e11 = 4 s. Each way 8e6 bit / 1e9 bit/s = 0.008 s.
    assert footprint.duration_s.tolist() == pytest.approx([4.016], rel=1e-12)
    hand_j = {
        "training": 1 * 7.35 + 4 * 30,
        "waiting": 3 * 2.0,  # the TX2 waits for 4.016 - 1.016 s
        "download": 0.008 * (3 + 6),
        "upload": 0.008 * (3 + 6),
        "network": 2 * 0.016 * 7.5,
        "server": 4.016 * 45 * 1.5,
    }
    for part, energy_j in hand_j.items():
        assert getattr(footprint.energy_kwh, part)[0] * J_PER_KWH == pytest.approx(energy_j, rel=1e-12), part


def test_the_rounds_of_a_longer_run_begin_with_those_of_a_shorter_one() -> None:
    pricer = Pricer(replace(load_fleet("hospital_silos"), over_selection=0.4), Pricing())
    short = values(realised(PLAN, UNEQUAL, pricer, seed=5))
    long = values(realised(replace(PLAN, rounds=9), UNEQUAL, pricer, seed=5))
    for name, value in short.items():
        assert long[name][:2].tolist() == value.tolist(), name


@pytest.mark.parametrize("deadline_s", [None, 0.5])
def test_nobody_works_a_negative_time(deadline_s: float | None) -> None:
    fleet = replace(load_fleet("phones_europe"), over_selection=0.3, deadline_s=deadline_s)
    footprint = realised(replace(PLAN, rounds=200), UNEQUAL, Pricer(fleet, Pricing()), seed=1)
    for name, value in values(footprint).items():
        assert value.min() >= 0, name
    assert footprint.energy_kwh.wasted.max() > 0


# hospital_silos with 16 clients: 8, 4 and 4; a quarter of the first and of the last drops out, 2 and 1 clients.
LOSSY = [
    {"over_selection": 0.5},
    {"lost": (0.25, 0.0, 0.25)},
    {"over_selection": 0.5, "lost": (0.25, 0.0, 0.25)},
    {"deadline_s": "middle"},
    {"over_selection": 0.5, "lost": (0.25, 0.0, 0.25), "deadline_s": "middle"},
]


def lossy(
    lost: tuple[float, ...] = (0.0, 0.0, 0.0), deadline_s: str | None = None, over_selection: float = 0.0
) -> Fleet:
    """`middle`: between the fastest group and the slowest one."""
    fleet = load_fleet("hospital_silos")
    groups = tuple(replace(group, drop_out=share) for group, share in zip(fleet.groups, lost, strict=True))
    fleet = replace(fleet, groups=groups, over_selection=over_selection)
    if deadline_s is None:
        return fleet
    alone = [replace(fleet, groups=(replace(group, share=1.0),)) for group in groups]
    each_s = [float(expected(PLAN, EQUAL, rates(one, Pricing())).duration_s) for one in alone]
    return replace(fleet, deadline_s=(sorted(each_s)[1] + sorted(each_s)[2]) / 2)


@pytest.mark.parametrize("habits", LOSSY, ids=str)
def test_lost_updates_cost_what_is_expected_on_average(habits: dict[str, Any]) -> None:
    fleet = lossy(**habits)
    assert_means_agree(PLAN, EQUAL, fleet)
    assert expected(PLAN, EQUAL, rates(fleet, Pricing())).energy_kwh.wasted > 0
