"""How a comparison prints: both sides, their ratio, where they break even, and country by country."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flopt.cli.printing import print_table
from flopt.units import quantity, quantity_range

__all__ = ["print_sides"]


def print_sides(facts: Mapping[str, Any]) -> None:
    """Print what `flopt compare --json` holds, for people."""
    fl, centre = facts["federated"], facts["centralised"]
    accuracy = "accuracy unknown before training"
    if fl["accuracy"] is not None:
        accuracy = f"accuracy {fl['accuracy']:.4f} ({fl['accuracy_kind']})"
    print(f"task         {facts['task']}; fleet {facts['fleet']}; network {facts['network']}")
    print(f"federated    {fl['origin']}; {accuracy}")
    print(
        f"centralised  {centre['device']} ({centre['device_scope']}) in {centre['country']}, PUE {centre['pue']:g}; "
        f"{_training(centre)}"
    )
    if centre["reached"] is False:
        print(f"             not reached in {centre['epochs']} epochs: its kilograms are too few, the ratio too high")
    print()
    rows = [
        ["federated", quantity(fl["energy_kwh"], "kWh"), _kg(fl, "co2e_kg")],
        ["centralised", quantity(centre["energy_kwh"], "kWh"), _kg(centre, "co2e_kg")],
    ]
    if centre["features"] is not None:
        rows.append(["  of it raw data", "", _kg(centre, "upload_co2e_kg")])
    print_table(["predicted", "energy", "CO2e (range)"], rows)
    print(f"\nfederated / centralised: {_number(facts['ratio'])} ", end="")
    print(f"({_number(facts['ratio_low'])}-{_number(facts['ratio_high'])})")
    print(f"break-even: {_break_even(facts)}\n")
    _print_places(facts)


def _training(centre: Mapping[str, Any]) -> str:
    seconds = quantity(centre["duration_s"], "s")
    if centre["epochs"] is None:
        return f"the same FLOP, {centre['samples']:.4g} samples in {seconds} (predicted)"
    return f"accuracy {centre['accuracy']:.4f} after {centre['epochs']} epochs (measured), {seconds} (predicted)"


def _kg(side: Mapping[str, Any], name: str) -> str:
    return quantity_range(side[name], side[f"{name}_low"], side[f"{name}_high"], "kg")


def _number(value: float) -> str:
    """Three significant digits, without an exponent where a plain number does."""
    return f"{float(f'{value:.3g}'):,.12g}"


def _break_even(facts: Mapping[str, Any]) -> str:
    clients, centre = facts["break_even_clients_g_per_kwh"], facts["break_even_data_centre_g_per_kwh"]
    low = "no grid of the clients is clean enough" if clients is None else f"clients' grids at {_number(clients)} g/kWh"
    high = "none of the data centre" if centre is None else f"the data centre's grid at {_number(centre)} g/kWh"
    return f"{low}, or {high}"


def _print_places(facts: Mapping[str, Any]) -> None:
    home = facts["centralised"]["country"]
    rows = [
        [
            place["country"],
            f"{place['g_per_kwh']:.3g}",
            quantity(place["federated_kg"], "kg"),
            quantity(place["centralised_kg"], "kg"),
            _number(place["ratio"]),
        ]
        for place in facts["by_country"]
    ]
    print_table(["all there", "g/kWh", "federated", "centralised", f"federated there / centralised in {home}"], rows)
    print("by country at annual means; the data centre's throughput is that of its source, which large models reach")
