"""The coefficients behind a page, each with who reads it."""

from __future__ import annotations

from dataclasses import replace

from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.pricing import Pricing
from flopt.report.sources import coefficient_rows


def test_every_coefficient_says_where_it_stands_and_who_reads_it() -> None:
    rows = {row["name"]: row for row in coefficient_rows([load_fleet("phones_germany")], Pricing())}
    router = rows["network.router_w"]
    assert (router["value"], router["low"], router["high"], router["unit"]) == (7.5, 5.0, 10.0, "W")
    assert "Wu et al. 2022" in router["source"]
    assert router["reads"] == ["router", "embodied"]
    assert rows["network.fixed_kwh_per_gb"]["reads"] == ["per_gb"]
    assert rows["server.embodied_kg"]["reads"] == ["embodied"]
    assert "grid.relative" in rows
    assert not [name for name in rows if name.startswith("grid.") and name != "grid.relative"]


def test_what_the_study_sets_itself_is_still_listed_for_other_choices() -> None:
    fleet = load_fleet("phones_germany")
    plain, own = coefficient_rows([fleet], Pricing()), coefficient_rows([fleet], Pricing(pue=1.5, router_w=3.0))
    assert plain == own


def test_two_fleets_with_one_name_for_two_values_give_two_rows() -> None:
    lab = load_fleet("jetson_lab")
    device = lab.groups[0].device
    changed = replace(device, train_w=replace(device.train_w, value=device.train_w.high))
    other = replace(lab, name="other", groups=(replace(lab.groups[0], device=changed, share=1.0),))
    rows = [row for row in coefficient_rows([lab, other], Pricing()) if row["name"] == f"device.{device.name}.train_w"]
    assert [row["fleets"] for row in rows] == [["jetson_lab"], ["other"]]


def test_a_fleet_whose_making_nobody_knows_has_no_row_for_it() -> None:
    rows = coefficient_rows([load_fleet("qiu_unverified")], Pricing())
    assert not [row for row in rows if row["name"].endswith("embodied_kg") and row["name"].startswith("device.")]
