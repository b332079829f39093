"""Laws of the footprint, whatever the fleet: it adds up, never falls with more of anything, and is an array law."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from flopt.compression import Compression
from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Fleet, Group, Link, Server
from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.footprint import CHUNK, PARTS, Footprint, Parts, push_footprint, round_footprint
from flopt.emissions.grid import annual_grid
from flopt.emissions.pricing import NetworkModel, Pricing, rates
from flopt.emissions.uncertainty import Draws
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


@st.composite
def lossy_fleets(draw: st.DrawFn) -> Fleet:
    """Fleets with over-selection, drop-out and a deadline, or some of them."""
    fleet = draw(fleets())
    lost = st.one_of(st.just(0.0), st.floats(0, 0.9))
    groups = tuple(replace(group, drop_out=draw(lost)) for group in fleet.groups)
    more = draw(st.one_of(st.just(0.0), st.floats(0, 2)))
    return replace(fleet, groups=groups, over_selection=more, deadline_s=draw(st.none() | st.floats(1e-3, 1e5)))


NETWORKS: st.SearchStrategy[NetworkModel] = st.sampled_from(["router", "per_gb", "per_hop"])
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


LOSSY = st.builds(
    Case,
    lossy_fleets(),
    st.builds(Pricing, network=NETWORKS, country=st.sampled_from(COUNTRIES), evaluation_fraction=st.floats(0, 1)),
    st.builds(lambda plan: expected_work([plan], TASK), PLANS),
)


def never_less(more: Footprint, less: Footprint) -> None:
    """The total, in kWh and kg, has not fallen by more than rounding."""
    assert more.energy_kwh.total[0] >= less.energy_kwh.total[0] * (1 - 1e-9)
    assert more.co2e_kg.total[0] >= less.co2e_kg.total[0] * (1 - 1e-9)


@given(CASES | LOSSY, st.integers(2, 60))
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


@given(CASES | LOSSY, st.sampled_from(COUNTRIES), st.sampled_from(COUNTRIES))
def test_a_dirtier_grid_never_emits_less(case: Case, one: str, other: str) -> None:
    clean, dirty = sorted((one, other), key=lambda country: annual_grid()[country].g_per_kwh)
    never_less(case.footprint(country=dirty), case.footprint(country=clean))


@given(CASES | LOSSY)
def test_on_a_flat_grid_emissions_are_energy_times_intensity(case: Case) -> None:
    footprint = case.footprint()
    assert case.pricing.country is not None
    kg_per_kwh = annual_grid()[case.pricing.country].g_per_kwh / 1000
    for part in PARTS:
        energy_kwh = getattr(footprint.energy_kwh, part)
        assert getattr(footprint.co2e_kg, part) == pytest.approx(kg_per_kwh * energy_kwh, rel=1e-12)


@given(CASES | LOSSY, st.sampled_from(COUNTRIES), st.sampled_from(COUNTRIES))
def test_countries_scale_the_clients_parts_and_a_fixed_server_stays(case: Case, one: str, other: str) -> None:
    fixed = replace(case, pricing=replace(case.pricing, server_country="NOR"))
    here, there = fixed.footprint(country=one).co2e_kg, fixed.footprint(country=other).co2e_kg
    ratio = annual_grid()[other].g_per_kwh / annual_grid()[one].g_per_kwh
    assert there.server.tolist() == here.server.tolist()
    for part in set(PARTS) - {"server"}:
        assert getattr(there, part) == pytest.approx(ratio * getattr(here, part), rel=1e-12)


@given(CASES | LOSSY)
def test_parts_are_never_negative_and_add_up_to_the_total(case: Case) -> None:
    footprint = case.footprint()
    for quantity in (footprint.energy_kwh, footprint.co2e_kg):
        parts = [float(getattr(quantity, part)[0]) for part in PARTS]
        assert min(parts) >= 0
        assert float(quantity.total[0]) == sum(parts)


@given(fleets() | lossy_fleets(), NETWORKS, st.lists(PLANS, min_size=1, max_size=8))
def test_many_plans_at_once_equal_one_at_a_time(fleet: Fleet, network: NetworkModel, plans: list[Plan]) -> None:
    priced = rates(fleet, Pricing(network=network))
    together = round_footprint(expected_work(plans, TASK), priced)
    for number, plan in enumerate(plans):
        alone = round_footprint(expected_work([plan], TASK), priced)
        same_footprint(together.map(lambda each, n=number: each[n : n + 1]), alone)  # type: ignore[misc]


def many_works(plans: int) -> Work:
    generator = np.random.default_rng(7)
    return Work(
        clients=generator.integers(1, 400, plans).astype(np.float64),
        samples=generator.uniform(0, 5000, plans),
        held_out_samples=generator.uniform(0, 500, plans),
        download_bytes=generator.uniform(0, 1e8, plans),
        upload_bytes=generator.uniform(0, 1e8, plans),
        flop_per_sample=4e5,
        population=1234.0,
    )


@pytest.mark.parametrize("name", ["phones_europe", "phones_world"])
def test_plans_on_both_sides_of_a_chunk_equal_one_at_a_time(name: str) -> None:
    priced = rates(load_fleet(name), Pricing(evaluation_fraction=0.1))
    works = many_works(CHUNK + 5)
    together = round_footprint(works, priced)
    assert together.co2e_kg.total.shape == (CHUNK + 5,)
    for number in (0, 1, CHUNK - 1, CHUNK, CHUNK + 4):
        alone, single = round_footprint(works[number : number + 1], priced), round_footprint(works[number], priced)
        assert alone.co2e_kg.total.tolist() == [together.co2e_kg.total[number]]
        assert (single.co2e_kg.total.shape, float(single.co2e_kg.total)) == ((), together.co2e_kg.total[number])
        same_footprint(together.map(lambda each, n=number: each[n : n + 1]), alone)  # type: ignore[misc]


@pytest.mark.parametrize("network", ["router", "per_gb", "per_hop"])
@pytest.mark.parametrize("name", ["phones_europe", "phones_world"])
def test_draws_of_the_coefficients_equal_each_draw_alone(name: str, network: NetworkModel) -> None:
    draws, fleet, works = Draws(3, seed=2), load_fleet(name), many_works(CHUNK // 3 + 3)
    pricing = Pricing(network=network, embodied=True, evaluation_fraction=0.1)
    together = round_footprint(works, rates(fleet, pricing, draws))
    assert together.co2e_kg.total.shape == (3, len(works))
    pushed = push_footprint(works, rates(fleet, pricing, draws), works.clients)
    for number in range(3):

        def alone(coefficient: str, value: Coefficient, number: int = number) -> NDArray[np.float64]:
            drawn = draws(coefficient, value)
            return np.asarray(drawn[min(number, len(drawn) - 1), 0])

        table = rates(fleet, pricing, alone)
        same_footprint(together.map(lambda each, n=number: each[n]), round_footprint(works, table))  # type: ignore[misc]
        push = push_footprint(works, table, works.clients)
        same_footprint(pushed.map(lambda each, n=number: each[n]), push)  # type: ignore[misc]


@given(CASES | LOSSY, st.data())
def test_splitting_a_group_into_two_equal_halves_changes_nothing(case: Case, data: st.DataObject) -> None:
    groups = case.fleet.groups
    number = data.draw(st.integers(0, len(groups) - 1))
    half = replace(groups[number], share=groups[number].share / 2)
    split = replace(case.fleet, groups=(*groups[:number], half, *groups[number + 1 :], half))
    same_footprint(replace(case, fleet=split).footprint(), case.footprint())


@given(CASES)
def test_energy_in_joules_watt_hours_and_kilowatt_hours_is_one(case: Case) -> None:
    # Power in W for seconds is J; the same in kW for hours is kWh, and in W for hours W.h.
    table, work = rates(case.fleet, case.pricing), case.work
    train_s = work.samples * work.flop_per_sample * table.s_per_flop[:, 0]
    clients = work.clients * table.share[:, 0]
    joule = (clients * train_s * table.train_w[:, 0]).sum()
    watt_hour = (clients * (train_s / 3600) * table.train_w[:, 0]).sum()
    kilowatt_hour = (clients * (train_s / 3600) * (table.train_w[:, 0] / 1000)).sum()
    training_kwh = case.footprint().energy_kwh.training[0]
    assert training_kwh == pytest.approx(kilowatt_hour, rel=1e-12)
    assert training_kwh * 1000 == pytest.approx(watt_hour, rel=1e-12)
    assert training_kwh * 3.6e6 == pytest.approx(joule, rel=1e-12)


def same_footprint(one: Footprint, other: Footprint) -> None:
    """Every part to 1e-12 of the total."""
    assert np.allclose(one.duration_s, other.duration_s, rtol=1e-12, atol=0)
    for left, right in ((one.energy_kwh, other.energy_kwh), (one.co2e_kg, other.co2e_kg)):
        for part in PARTS:
            assert np.all(np.abs(getattr(left, part) - getattr(right, part)) <= 1e-12 * right.total), part


@given(CASES | LOSSY, st.permutations(range(4)))
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
