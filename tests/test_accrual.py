"""Accruals: the footprint after each round is worked out once, when it is first read, and cannot be changed."""

from __future__ import annotations

import numpy as np
import pytest

from flopt.emissions.accrual import Accrual
from flopt.emissions.footprint import PARTS, Footprint, Parts
from flopt.errors import FloptError


def footprint(*kg: float) -> Footprint:
    """Each part emits `kg`, draws twice as many kWh, and all takes ten times as many seconds."""
    values = np.array(kg)
    return Footprint(Parts(*([2 * values] * len(PARTS))), Parts(*([values] * len(PARTS))), 10 * values)


def test_equal_rounds_add_up_and_what_is_done_once_is_in_every_prefix() -> None:
    accrual = Accrual.steady(footprint(1.0, 5.0), footprint(0.5, 0.25), [1], [3])[0]
    assert accrual.footprint.co2e_kg.upload.tolist() == [5.25, 10.25, 15.25]
    assert accrual.co2e_kg.tolist() == [9 * 5.25, 9 * 10.25, 9 * 15.25]
    assert accrual.energy_kwh.tolist() == [18 * 5.25, 18 * 10.25, 18 * 15.25]
    assert accrual.footprint.duration_s.tolist() == [52.5, 102.5, 152.5]


def test_many_plans_are_worked_out_together_and_each_has_its_own_rounds() -> None:
    each, once = footprint(1.0, 5.0, 0.3), footprint(0.5, 0.25, 0.1)
    plans, rounds = [1, 0, 1, 2], [3, 1, 2, 4]
    for plan, count, accrual in zip(plans, rounds, Accrual.steady(each, once, plans, rounds), strict=True):
        alone = Accrual.steady(each, once, [plan], [count])[0]
        assert accrual.rounds == len(accrual.co2e_kg) == count
        assert accrual.co2e_kg.tolist() == alone.co2e_kg.tolist()
        assert accrual.footprint.energy_kwh.upload.tolist() == alone.footprint.energy_kwh.upload.tolist()
        assert accrual.duration_s.tolist() == alone.duration_s.tolist()


def test_a_quantity_is_worked_out_when_it_is_first_read() -> None:
    whole, calls = footprint(1.0, 2.0), []

    def energy() -> Parts:
        calls.append("energy")
        return whole.energy_kwh

    def co2e() -> Parts:
        calls.append("co2e")
        return whole.co2e_kg

    accrual = Accrual(2, energy, co2e, lambda: whole.duration_s)
    assert calls == []
    assert accrual.co2e_kg.tolist() == [9.0, 18.0]
    assert calls == ["co2e"]
    assert accrual.energy_kwh.tolist() == [18.0, 36.0]
    assert calls == ["co2e", "energy"]
    assert accrual.footprint is accrual.footprint
    assert accrual.footprint.co2e_kg is accrual.co2e_kg_by_part
    assert accrual.co2e_kg is accrual.co2e_kg


def test_a_footprint_is_cut_to_the_rounds_of_the_run() -> None:
    assert Accrual.of(footprint(1.0, 2.0, 3.0), 2).footprint.duration_s.tolist() == [10.0, 20.0]
    with pytest.raises(FloptError, match=r"run: the footprint has 1 rounds; the run has 2"):
        Accrual.of(footprint(1.0), 2)


def test_nobody_can_change_it() -> None:
    accrual = Accrual.of(footprint(1.0, 2.0), 2)
    for values in (accrual.co2e_kg, accrual.energy_kwh, accrual.footprint.duration_s, accrual.footprint.co2e_kg.server):
        with pytest.raises(ValueError, match="read-only"):
            values += 1.0
