"""The shipped catalogues: every objective and every space loads, and says what it must."""

from __future__ import annotations

import math
import re
import tomllib
from itertools import product

import pytest

from flopt.catalogue import ROOT, load_objective, load_space, shipped
from flopt.emissions.fleet_file import shipped_fleets
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.space import ChoiceAxis
from flopt.study import study_of

OBJECTIVES = shipped("objectives", ".py")
SPACES = shipped("search_spaces", ".toml")
NEVER = ("cross_silo", "phones_world")
"""Half of the clients in every round and more, of phones of which half at most can be drawn."""


def test_the_catalogue_is_complete() -> None:
    assert OBJECTIVES == ["accuracy", "co2e", "duration", "energy", "traffic"]
    assert SPACES == ["cross_device", "cross_silo", "quick"]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_is_named_like_its_file_and_documented(name: str) -> None:
    loaded = load_objective(name)
    assert loaded.name == name
    assert loaded.measure.__doc__
    assert (loaded.direction == "maximize") == (name == "accuracy")


@pytest.mark.parametrize(
    ("name", "quantity"), [("co2e", "co2e_kg"), ("energy", "energy_kwh"), ("duration", "duration_s")]
)
def test_an_objective_reads_the_quantity_of_its_unit(name: str, quantity: str) -> None:
    run = problem_of(study_of({})).run(Plan())
    assert load_objective(name)(run) == getattr(run, quantity) > 0
    assert quantity.endswith(f"_{load_objective(name).unit.lower()}")


def test_traffic_counts_both_ways() -> None:
    run = problem_of(study_of({})).run(Plan())
    assert load_objective("traffic")(run) == run.download_bytes + run.upload_bytes > 0


@pytest.mark.parametrize("name", SPACES)
def test_a_space_loads_and_names_a_source_for_every_range(name: str) -> None:
    text = (ROOT / "search_spaces" / f"{name}.toml").read_text(encoding="utf-8")
    assert load_space(name).name == name
    for key in tomllib.loads(text):
        heading = re.search(rf"^\[{key}\] +# .*$", text, re.MULTILINE)
        assert heading, f"{name}: {key} has no comment"
        assert re.search(r"(19|20)\d\d|FLamby", heading[0]), f"{name}: {key} names no source"


@pytest.mark.parametrize(("name", "fleet"), [pair for pair in product(SPACES, shipped_fleets()) if pair != NEVER])
def test_every_shipped_space_can_be_priced_on_every_shipped_fleet(name: str, fleet: str) -> None:
    problem = problem_of(study_of({"space": name, "fleet": {"use": fleet}}))
    feasible = [plan for plan in problem.spread_plans() if problem.can_run(plan)]
    assert len(feasible) == 3 or (fleet == NEVER[1] and feasible)  # not all of its phones can be drawn at all hours
    for plan in feasible:
        assert 0 < problem.run(plan).co2e_kg < math.inf


def test_a_space_that_wants_more_clients_than_a_fleet_has_at_any_time_is_refused_in_one_line() -> None:
    space, fleet = NEVER
    message = "7 of 14 clients can be drawn, and a round draws more for 7 updates; lower client_fraction"
    with pytest.raises(FloptError, match=f"^study: fleet {fleet}: {message}$"):
        problem_of(study_of({"space": space, "fleet": {"use": fleet}}))


@pytest.mark.parametrize("name", SPACES)
def test_rounds_are_searched_on_a_log_axis(name: str) -> None:
    rounds = load_space(name).axes["rounds"]
    assert not isinstance(rounds, ChoiceAxis)
    assert rounds.log
