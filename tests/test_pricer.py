"""The pricer: hours, availability, final push and draws, by hand; what a fleet cannot run is refused in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import HOURS_PER_DAY, Device, Fleet, Group, Link, Server
from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.footprint import PARTS, Footprint
from flopt.emissions.grid import annual_grid
from flopt.emissions.pricer import Pricer
from flopt.emissions.pricing import Pricing
from flopt.emissions.uncertainty import Draws
from flopt.emissions.work import Work, expected_work
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.task import Task

Array = NDArray[np.float64]
TASK = Task("toy", (60,) * 100, ((400, 300), (300,)), 5e6, 0.4)
START = "2020-01-01T00:00"


def of(value: float) -> Coefficient:
    return Coefficient.of(value, "1", "test")


def group(name: str, country: str, share: float, flop_per_s: float, **habits: object) -> Group:
    device = Device(name, of(10), of(1), of(3), of(5), of(flop_per_s))
    return Group(name, device, Link(name, of(8e6), of(4e6)), country, share, **habits)  # type: ignore[arg-type]


def fleet(*groups: Group, country: str = "DEU", **round_: object) -> Fleet:
    return Fleet("test", groups, Server(of(45), country), **round_)  # type: ignore[arg-type]


def hours(folder: Path, g_per_kwh: dict[str, Sequence[float]]) -> str:
    """A CSV file of hours from the first of January 2020 on."""
    moments = np.datetime64("2020-01-01T00") + np.arange(max(map(len, g_per_kwh.values())))
    rows = [
        f"{land},{moment}:00Z,{g}" for land, each in g_per_kwh.items() for moment, g in zip(moments, each, strict=False)
    ]
    file = folder / "hours.csv"
    file.write_text("\n".join(["country,time,g_per_kwh", *rows, ""]), encoding="utf-8")
    return str(file)


def lasting(seconds: float) -> Work:
    """Ten clients of the fast device, which makes 1e9 FLOP/s, training that long and sending nothing."""
    none = np.zeros(())
    return Work(np.asarray(10.0), np.asarray(seconds), none, none, none, 1e9, 100.0)


def same(one: Footprint, other: Footprint) -> None:
    for left, right in ((one.energy_kwh, other.energy_kwh), (one.co2e_kg, other.co2e_kg)):
        for part in PARTS:
            assert getattr(left, part) == pytest.approx(
                getattr(right, part), rel=1e-12, abs=1e-12 * right.total.max()
            ), part
    assert one.duration_s == pytest.approx(other.duration_s, rel=1e-12)


def test_the_hours_of_a_flat_series_price_as_its_annual_value(tmp_path: Path) -> None:
    two = fleet(group("fast", "DEU", 0.6, 1e9), group("slow", "FRA", 0.4, 3e8))
    work = expected_work([Plan(local_epochs=1000, client_fraction=0.2)], TASK)[0]
    pricing = Pricing(grid=hours(tmp_path, {"DEU": [317.0] * 72, "FRA": [53.1] * 72}))
    by_hour = Pricer(two, replace(pricing, start="2020-01-01T05:40")).along(work, 150)
    assert 24 < by_hour.duration_s[-1] / 3600 < 60
    same(by_hour, Pricer(two, pricing).along(work, 150))


def test_two_days_over_a_step_by_hand(tmp_path: Path) -> None:
    # 100 g on the first day, 400 g from then on. Rounds of 4 h, the first from 02:00: five end on the first day, the
    # sixth lies half in each, at 250 g, six on the second. 10 clients x 10 W x 4 h = 0.4 kWh, 45 W x 1.1 x 4 h = 0.198.
    pricing = Pricing(grid=hours(tmp_path, {"DEU": [100.0] * 24 + [400.0] * 48}), start="2020-01-01T02:00")
    run = Pricer(fleet(group("fast", "DEU", 1.0, 1e9)), pricing).along(lasting(4 * 3600.0), 12)
    g_per_kwh = np.array([100] * 5 + [250] + [400] * 6)
    assert run.duration_s.tolist() == pytest.approx([4 * 3600 * done for done in range(1, 13)], rel=1e-12)
    assert run.co2e_kg.training == pytest.approx(np.cumsum(0.4 * g_per_kwh) / 1000, rel=1e-12)
    assert run.co2e_kg.server == pytest.approx(np.cumsum(0.198 * g_per_kwh) / 1000, rel=1e-12)
    assert run.co2e_kg.total[-1] == pytest.approx(0.598 * (500 + 250 + 2400) / 1000, rel=1e-12)


def test_a_round_longer_than_a_day_is_integrated_over_its_hours(tmp_path: Path) -> None:
    # One round of 30 h from 20:30 on the first day: 3.5 h at 100 g, 24 h at 400 g, 2.5 h at 200 g.
    series = [100.0] * 24 + [400.0] * 24 + [200.0] * 24
    pricing = Pricing(grid=hours(tmp_path, {"DEU": series}), start="2020-01-01T20:30")
    run = Pricer(fleet(group("fast", "DEU", 1.0, 1e9)), pricing).along(lasting(30 * 3600.0), 1)
    mean = (3.5 * 100 + 24 * 400 + 2.5 * 200) / 30
    assert run.co2e_kg.total == pytest.approx([(3.0 + 1.485) * mean / 1000], rel=1e-12)


def test_clients_and_server_are_priced_at_the_hours_of_their_own_countries(tmp_path: Path) -> None:
    pricing = Pricing(grid=hours(tmp_path, {"DEU": [100.0] * 48, "FRA": [50.0] * 24 + [20.0] * 24}), start=START)
    run = Pricer(fleet(group("fast", "FRA", 1.0, 1e9)), pricing).along(lasting(24 * 3600.0), 2)
    assert run.co2e_kg.training == pytest.approx([2.4 * 50 / 1000, 2.4 * 70 / 1000], rel=1e-12)
    assert run.co2e_kg.server == pytest.approx([1.188 * 100 / 1000, 1.188 * 200 / 1000], rel=1e-12)


# Fast phones come by day, slow ones by night: 8 of 10 against 2 of 10. Clocks of the slow ones are 12 h ahead.
DAY = (1.0,) * 12 + (0.25,) * 12
CHANGING = fleet(
    group("fast", "DEU", 0.5, 1e9, availability=DAY),
    group("slow", "DEU", 0.5, 5e8, availability=DAY, utc_offset_h=12),
)


@pytest.mark.parametrize(("start", "fast"), [("2020-01-01T06:00", 0.8), ("2020-01-01T18:00", 0.2)])
def test_shares_and_round_times_follow_the_hour(tmp_path: Path, start: str, fast: float) -> None:
    grid = hours(tmp_path, {"DEU": [100.0] * 48})
    work = expected_work([Plan(local_epochs=40, client_fraction=0.2)], TASK)[0]
    run = Pricer(CHANGING, Pricing(grid=grid, start=start)).along(work, 1)
    one, other = CHANGING.groups
    then = replace(
        CHANGING,
        groups=(
            replace(one, share=fast, availability=(0.625,) * 24),
            replace(other, share=1 - fast, availability=(0.625,) * 24),
        ),
    )
    fixed = Pricer(then, Pricing(grid=grid, start=start)).along(work, 1)
    assert run.duration_s == pytest.approx(fixed.duration_s, rel=1e-12)
    assert run.energy_kwh.training == pytest.approx(fixed.energy_kwh.training, rel=1e-12)
    assert run.energy_kwh.waiting == pytest.approx(fixed.energy_kwh.waiting, rel=1e-12)


def test_a_run_through_the_day_takes_each_round_at_its_own_hour(tmp_path: Path) -> None:
    grid = hours(tmp_path, {"DEU": [100.0] * 72})
    work = expected_work([Plan(local_epochs=4000, client_fraction=0.2)], TASK)[0]  # 1200 s, or 2400 s
    pricer = Pricer(CHANGING, Pricing(grid=grid, start="2020-01-01T06:00"))
    alone = [
        Pricer(CHANGING, Pricing(grid=grid, start=f"2020-01-01T{hour:02}:00")).along(work, 1) for hour in range(24)
    ]
    run, began = pricer.along(work, 40), 6.0
    for done, hour in enumerate(pricer.day_hours(work, 40)):
        assert hour == int(began) % 24
        each_kwh = np.diff(run.energy_kwh.training, prepend=0.0)[done]
        assert each_kwh == pytest.approx(alone[int(hour)].energy_kwh.training[0], rel=1e-9)
        began += float(alone[int(hour)].duration_s[0]) / 3600
    assert began * 3600 - 6 * 3600 == pytest.approx(run.duration_s[-1], rel=1e-9)


def test_clocks_west_of_greenwich_and_half_hours_are_read_right() -> None:
    hours_of_day = tuple(0.01 + hour / 100 for hour in range(HOURS_PER_DAY))
    for offset, hour, local in ((-6, 0, 18), (-3.5, 0, 20), (-0.5, 0, 23), (5.5, 20, 1), (0, 23, 23), (14, 10, 0)):
        one = fleet(group("fast", "DEU", 1.0, 1e9, availability=hours_of_day, utc_offset_h=offset))
        table = Pricer(one, Pricing(start=START))._tables[hour]
        assert table.available == pytest.approx(0.01 + local / 100), (offset, hour)


def test_without_a_start_hour_clients_come_as_on_average_over_the_day() -> None:
    assert Pricer(CHANGING, Pricing()).rates.share.ravel().tolist() == [0.5, 0.5]
    assert Pricer(CHANGING, Pricing()).rates.available == 0.625
    assert Pricer(CHANGING, Pricing()).day_hours(lasting(1.0), 3) == [None] * 3


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("2019-12-31T23:00", "series DEU: 2019-12-31T23:00Z is outside it; it goes from 2020-01-01T00:00Z to "),
        ("2020-01-04T00:01", "series DEU: 2020-01-04T00:01Z is outside it; it goes from 2020-01-01T00:00Z to "),
        ("2020-01-03T21:00", "series DEU: hours 69 to 73 are outside it; it goes from 2020-01-01T00:00Z to "),
    ],
)
def test_hours_outside_the_series_are_refused_in_one_line(tmp_path: Path, start: str, message: str) -> None:
    pricing = Pricing(grid=hours(tmp_path, {"DEU": [100.0] * 72}), start=start)
    with pytest.raises(FloptError, match=re.escape(message)) as told:
        Pricer(fleet(group("fast", "DEU", 1.0, 1e9)), pricing).along(lasting(4 * 3600.0), 1)
    assert "\n" not in str(told.value)


def test_a_country_without_hours_is_refused_unless_flat_takes_its_annual_mean() -> None:
    two, work = fleet(group("fast", "DEU", 0.5, 1e9), group("slow", "IND", 0.5, 1e9)), lasting(3600.0)
    start = "2019-06-01T13:00"
    with pytest.raises(FloptError, match=r"no hours of average intensity for IND; .*flat \(--flat\)$") as told:
        Pricer(two, Pricing(start=start)).along(work, 2)
    assert "\n" not in str(told.value)
    flat = Pricer(two, Pricing(start=start, flat=True))
    g_per_kwh = annual_grid()["IND"].g_per_kwh
    assert flat._intensities(np.array([0.0, 1.0]))[0][1].tolist() == [[g_per_kwh]]
    assert flat.along(work, 2).co2e_kg.total[1] > 0.05 * g_per_kwh / 1000


def test_marginal_beside_average_is_refused_in_one_line() -> None:
    mixed = fleet(group("fast", "USA-CA", 1.0, 1e9))
    with pytest.raises(FloptError, match=r"cannot be added up in one price \(average: DEU; marginal: USA-CA\)"):
        Pricer(mixed, Pricing()).along(lasting(60.0), 1)
    assert Pricer(mixed, Pricing(server_country="USA-CA")).along(lasting(60.0), 1).co2e_kg.total[0] > 0


def test_two_countries_price_one_run_in_the_ratio_of_their_hours(tmp_path: Path) -> None:
    grid = hours(tmp_path, {"DEU": [100.0] * 72, "POL": [700.0] * 72})
    work = expected_work([Plan(local_epochs=400, client_fraction=0.2)], TASK)[0]
    here, there = (
        Pricer(load_fleet("phones_europe"), Pricing(grid=grid, country=c, start=START)).along(work, 9)
        for c in ("DEU", "POL")
    )
    assert there.co2e_kg.total == pytest.approx(7 * here.co2e_kg.total, rel=1e-12)
    fixed = Pricing(grid=grid, country="POL", server_country="DEU", start=START)
    stays = Pricer(load_fleet("phones_europe"), fixed).along(work, 9)
    assert stays.co2e_kg.server.tolist() == here.co2e_kg.server.tolist()
    assert stays.co2e_kg.training == pytest.approx(7 * here.co2e_kg.training, rel=1e-12)


@pytest.mark.parametrize(("push", "clients"), [("none", 0), ("drawn", 10), ("all", 100)])
@pytest.mark.parametrize("start", [None, "2019-06-01T13:00"])
def test_the_final_model_is_sent_once_whenever_the_run_ends(push: str, clients: int, start: str | None) -> None:
    one = fleet(group("fast", "DEU", 1.0, 1e9))
    size = np.asarray(1e6)
    work = replace(lasting(60.0), download_bytes=size)  # 1 s at 3 W, and 7.5 W of the router
    pushed, plain = (Pricer(one, Pricing(final_push=who, start=start)).along(work, 4) for who in (push, "none"))  # type: ignore[arg-type]
    more_j = (pushed.energy_kwh.total - plain.energy_kwh.total) * 3.6e6
    assert more_j == pytest.approx(np.full(4, clients * 10.5), rel=1e-9, abs=1e-9)
    assert (pushed.energy_kwh.download - plain.energy_kwh.download) * 3.6e6 == pytest.approx(
        np.full(4, clients * 3.0), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize("start", [None, "2019-06-01T13:00"])
@pytest.mark.parametrize("embodied", [False, True])
@pytest.mark.parametrize("name", ["phones_europe", "phones_world"])
def test_draws_side_by_side_equal_each_draw_alone(name: str, embodied: bool, start: str | None) -> None:
    draws = Draws(4, seed=5)
    pricing = Pricing(start=start, flat=start is not None, embodied=embodied, evaluation_fraction=0.01)
    work = replace(expected_work([Plan(local_epochs=9, client_fraction=0.1)], TASK)[0], population=1000.0)
    together = Pricer(load_fleet(name), pricing, draws).along(work, 5)
    assert together.co2e_kg.total.shape == (4, 5)
    for number in range(4):

        def alone(coefficient: str, value: Coefficient, number: int = number) -> Array:
            drawn = draws(coefficient, value)
            return np.asarray(drawn[min(number, len(drawn) - 1), 0])

        one = Pricer(load_fleet(name), pricing, alone)
        same(together.map(lambda each, n=number: each[n]), one.along(work, 5))  # type: ignore[misc]


def refusal(some: Fleet, work: Work, pricing: Pricing | None = None) -> str:
    with pytest.raises(FloptError) as told:
        Pricer(some, pricing or Pricing()).along(work, 3)
    return str(told.value)


def test_a_deadline_that_nobody_meets_is_refused_in_one_line() -> None:
    two = fleet(group("fast", "DEU", 0.5, 1e9), group("slow", "FRA", 0.5, 5e8), deadline_s=59.9)
    assert refusal(two, lasting(60.0)) == (
        "fleet test: deadline_s = 59.9: no client can finish a round of this plan in it; "
        "without a deadline the round lasts 120 s"
    )
    assert Pricer(replace(two, deadline_s=60.0), Pricing()).along(lasting(60.0), 3).co2e_kg.training[0] > 0


def test_too_few_available_clients_are_refused_in_one_line() -> None:
    half = fleet(group("fast", "DEU", 1.0, 1e9, availability=(0.125,) * 24), over_selection=0.3)
    assert refusal(half, lasting(60.0)) == (
        "fleet test: 12 of 100 clients can be drawn, and a round draws more for 10 updates; lower client_fraction"
    )
    night = fleet(group("fast", "DEU", 1.0, 1e9, availability=(1.0,) * 23 + (0.05,)))
    assert refusal(night, lasting(60.0), Pricing(start="2019-06-01T13:00")) == (
        "fleet test: 5 of 100 clients can be drawn at 23:00 UTC, and a round draws more for 10 updates; "
        "lower client_fraction"
    )
    assert Pricer(night, Pricing()).along(lasting(60.0), 3).co2e_kg.total.shape == (3,)
