"""Re-pricing: what was changed, and whether other clients would have taken part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.emissions.fleet import Fleet
from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.pricing import Pricing
from flopt.reading.reprice import Change, changes, mismatch, same_draw, without_effect
from flopt.results import Results, open_results
from flopt.search.problem import Problem
from flopt.trace import Trace


@pytest.fixture(scope="module")
def results(analytic_study: Path) -> Results:
    return open_results(analytic_study)


def moved(results: Results, **pricing: str | float | bool) -> Problem:
    return replace(results.problem, pricing=replace(results.problem.pricing, **pricing))  # type: ignore[arg-type]


def on(results: Results, fleet: Fleet) -> Problem:
    return replace(results.problem, fleet=fleet)


def test_a_change_goes_from_what_a_default_stands_for(results: Results) -> None:
    assert changes(results.problem, results.problem) == []
    assert changes(results.problem, moved(results, country="SWE", pue=1.5)) == [
        Change("pue", 1.1, 1.5),
        Change("country", "DEU, ESP, FRA, POL", "SWE"),
        Change("server_country", "DEU", "SWE"),
    ]
    assert changes(results.problem, moved(results, server_country="SWE")) == [Change("server_country", "DEU", "SWE")]
    priced = replace(results.problem, population=1e6)
    assert [str(change) for change in changes(results.problem, priced)] == ["population 14 -> 1e+06"]


def test_a_change_is_a_line(results: Results) -> None:
    found = changes(results.problem, moved(results, embodied=True, router_w=5.0, grid=100.0))
    assert [str(change) for change in found] == ["router_w 7.5 -> 5", "grid shipped -> 100", "embodied no -> yes"]


def test_another_fleet_of_the_same_name_is_another_fleet(results: Results) -> None:
    fleet = replace(results.problem.fleet, deadline_s=1e9)
    assert str(changes(results.problem, on(results, fleet))[0]) == (
        "fleet phones_europe -> phones_europe (another of this name)"
    )


@pytest.mark.parametrize(
    ("network", "lines"),
    [
        ("router", ["kwh_per_gb has no effect: only the network model per_gb reads it, this is router"]),
        ("per_gb", ["router_w has no effect: only the network model router reads it, this is per_gb"]),
    ],
)
def test_a_factor_that_the_network_model_does_not_read_is_said(
    results: Results, network: str, lines: list[str]
) -> None:
    problem = moved(results, network=network, router_w=3.0, kwh_per_gb=0.2)
    assert without_effect(changes(results.problem, problem), problem) == lines


def found(results: Results, problem: Problem) -> str:
    return str(mismatch(results.problem, problem, results.plans, results.traces) or "")


@pytest.mark.parametrize("fleet", ["phones_germany", "jetson_lab", "hospital_silos", "data_centre"])
def test_on_fleets_that_lose_nobody_the_same_clients_take_part(results: Results, fleet: str) -> None:
    problem = on(results, load_fleet(fleet))
    if same_draw(results.problem, problem):
        assert found(results, problem) == ""
        for plan, trace in zip(results.plans, results.traces, strict=True):
            assert trace is not None
            assert problem.participation(plan, trace.seed).fingerprint == trace.participation  # it was right to skip it


LOSSY: dict[str, Callable[[Fleet], Fleet]] = {
    "over_selection": lambda fleet: replace(fleet, over_selection=0.3),
    "drop_out": lambda fleet: replace(fleet, groups=tuple(replace(g, drop_out=0.4) for g in fleet.groups)),
    "availability": lambda fleet: replace(
        fleet, groups=tuple(replace(g, availability=(0.9,) * 24) for g in fleet.groups)
    ),
}


@pytest.mark.parametrize("name", LOSSY)
def test_the_first_run_in_which_others_would_take_part_is_named_with_the_reason(results: Results, name: str) -> None:
    few = replace(results, plans=results.plans[:3], traces=results.traces[:3])
    plans = tuple(replace(plan, client_fraction=0.35) for plan in few.plans)
    traces = []
    for number, (plan, trace) in enumerate(zip(plans, few.traces, strict=True)):
        assert trace is not None
        drawn = few.problem if number else on(few, LOSSY[name](few.problem.fleet))  # run 0 has the new fleet's clients
        traces.append(replace(trace, participation=drawn.participation(plan, trace.seed).fingerprint))
    again = replace(few, plans=plans, traces=tuple(traces))
    said = found(again, on(few, LOSSY[name](few.problem.fleet)))
    assert said == f"run 1: with seed 0 other clients would take part than did ({name})"


def test_a_deadline_that_all_meet_changes_nobody_and_one_that_none_meets_is_said(results: Results) -> None:
    assert found(results, on(results, replace(results.problem.fleet, deadline_s=1e9))) == ""
    said = found(results, on(results, replace(results.problem.fleet, deadline_s=1e-9)))
    assert said.startswith("run 0: fleet phones_europe: deadline_s = 1e-09: no client can finish")


def test_failed_and_unfinished_runs_are_passed_over(results: Results) -> None:
    failed = Trace.of([], seed=0, participation="", status="failed", reason="boom")
    early = replace(results, traces=(failed, None, *results.traces[2:]))
    problem = on(results, LOSSY["over_selection"](results.problem.fleet))
    assert found(early, problem).startswith("run 2: ")


@given(
    country=st.sampled_from(["SWE", "POL", "USA", None]),
    network=st.sampled_from(["router", "per_gb", "per_hop"]),
    pue=st.floats(1, 3),
    embodied=st.booleans(),
)
def test_what_prices_alone_decide_never_changes_who_takes_part(
    results: Results, country: str | None, network: str, pue: float, embodied: bool
) -> None:
    fleet = load_fleet("phones_world")  # over-selection, drop-out, availability and a deadline
    before = on(results, fleet)
    pricing = Pricing(network=network, pue=pue, embodied=embodied, country=country)  # type: ignore[arg-type]
    assert same_draw(before, replace(before, pricing=pricing))
    assert not same_draw(before, replace(before, pricing=replace(pricing, start="2019-06-01T13:00")))
    assert same_draw(results.problem, replace(results.problem, pricing=replace(pricing, start="2019-06-01T13:00")))
