"""How many plans does one core price in a second, and how much faster is that than pricing them one by one?

Prints plans per second of the vectorised path that `flopt estimate` uses and of a plain Python loop over the same path,
taken in turns in one run, with the largest relative difference between the two.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import numpy as np

from flopt.emissions.fleet import Fleet
from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.footprint import round_footprint
from flopt.emissions.pricing import Pricing, rates
from flopt.emissions.work import Work

GROUPS = 10
PLANS = 200_000
LOOPED = 2_000
REPEATS = 5


def ten_groups() -> Fleet:
    """The shipped phones, their groups repeated until there are ten of equal share."""
    fleet = load_fleet("phones_europe")
    groups = [fleet.groups[number % len(fleet.groups)] for number in range(GROUPS)]
    return replace(fleet, groups=tuple(replace(group, share=1 / GROUPS) for group in groups))


def random_work(plans: int, population: float) -> Work:
    """Distinct plans, spread over the ranges of the shipped spaces."""
    random = np.random.default_rng(0)
    return Work(
        clients=np.floor(random.uniform(1, min(population, 1000), plans)),
        samples=random.uniform(50, 5000, plans),
        held_out_samples=np.full(plans, 50.0),
        download_bytes=random.uniform(1e4, 1e8, plans),
        upload_bytes=random.uniform(1e3, 1e8, plans),
        flop_per_sample=4e5,
        population=population,
    )


def seconds(work: Work) -> tuple[float, np.ndarray]:
    """CPU seconds of one pricing call, and the kilograms."""
    table = rates(ten_groups(), Pricing())
    started = time.process_time()
    total = round_footprint(work, table).co2e_kg.total
    return time.process_time() - started, total


def one(work: Work, index: int) -> Work:
    """The work of a single plan."""
    return replace(
        work,
        clients=work.clients[index : index + 1],
        samples=work.samples[index : index + 1],
        held_out_samples=work.held_out_samples[index : index + 1],
        download_bytes=work.download_bytes[index : index + 1],
        upload_bytes=work.upload_bytes[index : index + 1],
    )


def main() -> None:
    """Measure, alternating, and print."""
    for population in (100.0, 1e9):
        work = random_work(PLANS, population)
        many, single, difference = [], [], 0.0
        for _ in range(REPEATS):
            spent, kg = seconds(work)
            many.append(PLANS / spent)
            looped = [seconds(one(work, index)) for index in range(LOOPED)]
            single.append(LOOPED / sum(spent for spent, _ in looped))
            apart = np.array([float(each[0]) for _, each in looped]) / kg[:LOOPED] - 1
            difference = max(difference, float(np.abs(apart).max()))
        ratios = [fast / slow for fast, slow in zip(many, single, strict=True)]
        print(
            f"population {population:.0e}: {statistics.median(many):,.0f} plans/s vectorised, "
            f"{statistics.median(single):,.0f} plans/s one by one; ratio {statistics.median(ratios):.0f} "
            f"({min(ratios):.0f}-{max(ratios):.0f}); largest relative difference {difference:.1e}"
        )


if __name__ == "__main__":
    main()
