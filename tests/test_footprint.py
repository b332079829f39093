"""Laws of the footprint, whatever the fleet: it adds up, never falls with more of anything, and is an array law."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.compression import Compression
from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Fleet, Group, Link, Server
from flopt.emissions.footprint import PARTS, Footprint, Parts, round_footprint
from flopt.emissions.grid import annual_grid
from flopt.emissions.pricing import NetworkModel, Pricing, rates
from flopt.emissions.work import Work, expected_work
from flopt.plan import Plan
from flopt.task import Task

TASK = Task("toy", (3, 50, 20, 7, 9, 31, 12, 80, 15, 5, 44, 2), ((40, 30), (30,)), 5e6, 0.4)
COUNTRIES = sorted(code for code, each in annual_grid().by_country.items() if each.kind == "average")

WATTS = st.floats(0, 300)
SPEEDS = st.floats(1e5, 1e9)


def of(value: float) -> Coefficient:
    return Coefficient.of(value, "1", "test")


@st.composite
def devices(draw: st.DrawFn) -> Device:
    wait_w = draw(WATTS)
    train_w, receive_w, transmit_w = (wait_w + draw(WATTS) for _ in range(3))
    return Device("board", of(train_w), of(wait_w), of(receive_w), of(transmit_w), of(draw(SPEEDS)))


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    weights = draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    groups = tuple(
        Group(
            name=f"group {number}",
            device=draw(devices()),
            link=Link("line", of(draw(SPEEDS)), of(draw(SPEEDS)), draw(st.sampled_from(["fixed", "mobile"]))),
            country=draw(st.sampled_from(COUNTRIES)),
            share=weight / sum(weights),
        )
        for number, weight in enumerate(weights)
    )
    return Fleet("any", groups, Server(of(draw(WATTS)), draw(st.sampled_from(COUNTRIES))))


NETWORKS: st.SearchStrategy[NetworkModel] = st.sampled_from(["router", "per_gb"])
PLANS = st.builds(
    Plan,
    rounds=st.integers(1, 50),
    local_epochs=st.integers(1, 20),
    client_fraction=st.floats(0.01, 1),
    uplink=st.builds(Compression.at_level, st.sampled_from(["none", "quantize", "topk"]), st.floats(0, 1)),
    downlink=st.builds(Compression.at_level, st.sampled_from(["none", "quantize"]), st.floats(0, 1)),
)


@dataclass(frozen=True)
class Case:
    """A fleet and its pricing on one flat grid, and the work of one plan."""

    fleet: Fleet
    pricing: Pricing
    work: Work

    def footprint(self, work: Work | None = None, country: str | None = None) -> Footprint:
        pricing = self.pricing if country is None else replace(self.pricing, country=country)
        return round_footprint(work or self.work, rates(self.fleet, pricing))


CASES = st.builds(
    Case,
    fleets(),
    st.builds(Pricing, network=NETWORKS, country=st.sampled_from(COUNTRIES)),
    st.builds(lambda plan: expected_work([plan], TASK), PLANS),
)


def never_less(more: Footprint, less: Footprint) -> None:
    """The total, in kWh and kg, has not fallen by more than rounding."""
    assert more.energy_kwh.total[0] >= less.energy_kwh.total[0] * (1 - 1e-9)
    assert more.co2e_kg.total[0] >= less.co2e_kg.total[0] * (1 - 1e-9)


@given(CASES, st.integers(2, 60))
def test_more_rounds_never_emit_less(case: Case, rounds: int) -> None:
    after = case.footprint().over_rounds(rounds)
    assert np.all(np.diff(after.co2e_kg.total) >= 0)
    assert np.all(np.diff(after.energy_kwh.total) >= 0)
    assert np.all(np.diff(after.duration_s) >= 0)


@given(CASES, st.floats(1, 50))
@pytest.mark.parametrize("way", ["download_bytes", "upload_bytes"])
def test_more_bytes_never_emit_less(way: str, case: Case, factor: float) -> None:
    more = replace(case.work, **{way: getattr(case.work, way) * factor})
    never_less(case.footprint(more), case.footprint())


@given(CASES, st.integers(1, 30))
def test_more_epochs_never_emit_less(case: Case, factor: int) -> None:
    never_less(case.footprint(replace(case.work, samples=case.work.samples * factor)), case.footprint())


@given(CASES)
def test_more_clients_never_emit_less(case: Case) -> None:
    clients = case.work.clients
    more = replace(case.work, clients=np.minimum(clients + 1, case.work.population))
    never_less(case.footprint(more), case.footprint())


@given(CASES, st.sampled_from(COUNTRIES), st.sampled_from(COUNTRIES))
def test_a_dirtier_grid_never_emits_less(case: Case, one: str, other: str) -> None:
    clean, dirty = sorted((one, other), key=lambda country: annual_grid()[country].g_per_kwh)
    never_less(case.footprint(country=dirty), case.footprint(country=clean))


@given(CASES)
def test_on_a_flat_grid_emissions_are_energy_times_intensity(case: Case) -> None:
    footprint = case.footprint()
    assert case.pricing.country is not None
    kg_per_kwh = annual_grid()[case.pricing.country].g_per_kwh / 1000
    for part in PARTS:
        energy_kwh = getattr(footprint.energy_kwh, part)
        assert getattr(footprint.co2e_kg, part) == pytest.approx(kg_per_kwh * energy_kwh, rel=1e-12)


@given(CASES, st.sampled_from(COUNTRIES), st.sampled_from(COUNTRIES))
def test_countries_scale_the_clients_parts_and_a_fixed_server_stays(case: Case, one: str, other: str) -> None:
    fixed = replace(case, pricing=replace(case.pricing, server_country="NOR"))
    here, there = fixed.footprint(country=one).co2e_kg, fixed.footprint(country=other).co2e_kg
    ratio = annual_grid()[other].g_per_kwh / annual_grid()[one].g_per_kwh
    assert there.server.tolist() == here.server.tolist()
    for part in set(PARTS) - {"server"}:
        assert getattr(there, part) == pytest.approx(ratio * getattr(here, part), rel=1e-12)


@given(fleets(), NETWORKS, PLANS)
def test_parts_are_never_negative_and_add_up_to_the_total(fleet: Fleet, network: NetworkModel, plan: Plan) -> None:
    footprint = round_footprint(expected_work([plan], TASK), rates(fleet, Pricing(network=network)))
    for quantity in (footprint.energy_kwh, footprint.co2e_kg):
        parts = [float(getattr(quantity, part)[0]) for part in PARTS]
        assert min(parts) >= 0
        assert float(quantity.total[0]) == sum(parts)


@given(fleets(), NETWORKS, st.lists(PLANS, min_size=1, max_size=8))
def test_many_plans_at_once_equal_one_at_a_time(fleet: Fleet, network: NetworkModel, plans: list[Plan]) -> None:
    priced = rates(fleet, Pricing(network=network))
    together = round_footprint(expected_work(plans, TASK), priced)
    for number, plan in enumerate(plans):
        alone = round_footprint(expected_work([plan], TASK), priced)
        same_footprint(together.map(lambda each, n=number: each[n : n + 1]), alone)  # type: ignore[misc]


def same_footprint(one: Footprint, other: Footprint) -> None:
    """Every part to 1e-12 of the total."""
    assert np.allclose(one.duration_s, other.duration_s, rtol=1e-12, atol=0)
    for left, right in ((one.energy_kwh, other.energy_kwh), (one.co2e_kg, other.co2e_kg)):
        for part in PARTS:
            assert np.all(np.abs(getattr(left, part) - getattr(right, part)) <= 1e-12 * right.total), part


@given(CASES, st.permutations(range(4)))
def test_the_order_of_the_groups_does_not_matter(case: Case, order: list[int]) -> None:
    groups = case.fleet.groups
    shuffled = replace(case.fleet, groups=tuple(groups[number] for number in order if number < len(groups)))
    same_footprint(replace(case, fleet=shuffled).footprint(), case.footprint())


@given(CASES, st.integers(1, 40))
def test_rounds_are_cumulative_and_equal(case: Case, rounds: int) -> None:
    per_round, after = case.footprint(), case.footprint().over_rounds(rounds)
    assert after.duration_s.shape == after.co2e_kg.training.shape == after.energy_kwh.server.shape == (1, rounds)
    same_footprint(after, per_round.map(lambda each: np.array([[done * each[0] for done in range(1, rounds + 1)]])))


@given(CASES, st.integers(1, 1000))
def test_a_population_many_times_larger_scales_the_clients_energy_of_one_class(case: Case, times: int) -> None:
    one_class = replace(case, fleet=replace(case.fleet, groups=(replace(case.fleet.groups[0], share=1.0),)))
    small, large = one_class.footprint(), one_class.footprint(case.work.scaled_to(TASK.clients * times))
    for part in set(PARTS) - {"server"}:
        larger_kg = times * getattr(small.co2e_kg, part)
        assert getattr(large.co2e_kg, part) == pytest.approx(larger_kg, rel=1e-12)
    assert large.co2e_kg.server == pytest.approx(small.co2e_kg.server, rel=1e-12)  # one server, one round


def test_parts_are_in_a_fixed_order() -> None:
    assert PARTS == (
        "training", "waiting", "download", "upload", "network", "server", "evaluation", "wasted", "embodied",
    )  # fmt: skip
    counted = Parts(*(np.array([2.0**number]) for number in range(9)))
    assert counted.total.tolist() == [511]
    assert counted.map(lambda part: part / 2).total.tolist() == [255.5]
    assert counted.plus(counted).total.tolist() == [1022]
