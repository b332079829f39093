"""Rates: a fleet as numbers, by group or by client."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from flopt.emissions.fleet_file import load_fleet, shipped_fleets
from flopt.emissions.pricing import Pricing, rates
from flopt.emissions.rates import Rates
from flopt.emissions.uncertainty import Draws

BY_GROUP = {
    "share", "drop_out", "train_w", "wait_w", "receive_w", "transmit_w", "s_per_flop", "s_per_sample", "down_bps",
    "up_bps", "router_w", "down_kwh_per_gb", "up_kwh_per_gb", "g_per_kwh", "embodied_kg_per_s",
}  # fmt: skip


@pytest.mark.parametrize("fleet", shipped_fleets())
def test_what_belongs_to_a_group_has_an_axis_of_groups_one_of_draws_and_one_of_plans(fleet: str) -> None:
    groups = len(load_fleet(fleet).groups)
    central, drawn = rates(load_fleet(fleet), Pricing()), rates(load_fleet(fleet), Pricing(), Draws(7))
    assert {field.name for field in fields(Rates) if np.ndim(getattr(central, field.name)) == 3} == BY_GROUP
    for name in BY_GROUP:
        assert getattr(central, name).shape == (groups, 1, 1)
        assert getattr(drawn, name).shape in ((groups, 1, 1), (groups, 7, 1))
    assert (central.draws, drawn.draws) == ((), (7,))
    assert (np.shape(central.pue), np.shape(drawn.server_w)) == ((), (7, 1))


def test_the_rates_of_clients_are_those_of_their_groups() -> None:
    table, group_of = rates(load_fleet("phones_europe"), Pricing()), np.array([3, 0, 0, 2])
    of_clients = table.of_clients(group_of)
    for name in BY_GROUP:
        assert getattr(of_clients, name).tolist() == getattr(table, name)[group_of, 0, 0].tolist()
    assert (of_clients.server_w, of_clients.deadline_s) == (table.server_w, table.deadline_s)
