"""How many plans does one core price in a second, and how much faster is that than pricing them one by one?

For ten groups that all have another device or link, and for ten groups of four device-link classes; for populations of
100 and of 10^9 clients; without and with over-selection. Prints plans per second of CPU time of the path that
`flopt estimate` uses and of a plain Python loop over the same path, taken in turns in one run, their ratio with its
range, the largest relative difference between the two in any total, and the peak memory of a call for each plan.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.device_file import shipped_devices, shipped_links
from flopt.emissions.fleet import Fleet, Group
from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.footprint import CHUNK, round_footprint
from flopt.emissions.pricing import Pricing, rates
from flopt.emissions.rates import Rates
from flopt.emissions.work import Work

PLANS = 25 * CHUNK
LOOPED = 300
REPEATS = 5
OVER_SELECTION = 0.3
DEVICES = ("phone", "phone_oneplus8", "jetson_tx2", "jetson_agx_xavier", "gpu_t4")
LINKS = ("home_wifi", "mobile_4g")


def ten_groups(classes: int) -> Fleet:
    """Ten groups of equal share, of so many pairs of shipped devices and links, in ten countries."""
    pairs = list(product(DEVICES, LINKS))[:classes]
    countries = ("DEU", "FRA", "ESP", "POL", "SWE", "USA", "IND", "BRA", "CHN", "JPN")
    groups = []
    for number, country in enumerate(countries):
        device, link = pairs[number % classes]
        groups.append(Group(country, shipped_devices()[device], shipped_links()[link], country, 1 / len(countries)))
    return Fleet(f"{classes} classes", tuple(groups), load_fleet("phones_europe").server)


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


def seconds(work: Work, table: Rates) -> tuple[float, NDArray[np.float64]]:
    """CPU seconds of one pricing call, and the kilograms."""
    started = time.process_time()
    total = round_footprint(work, table).co2e_kg.total
    return time.process_time() - started, total


def peak_bytes(work: Work, table: Rates) -> float:
    """Memory that a call takes at most beyond its arguments, for each plan: results and what is in between."""
    tracemalloc.start()
    round_footprint(work, table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / len(work)


def measure(work: Work, table: Rates) -> str:
    """Both ways, alternating; one line."""
    many, single, difference = [], [], 0.0
    for _ in range(REPEATS):
        spent, kg = seconds(work, table)
        many.append(PLANS / spent)
        looped = [seconds(work[index : index + 1], table) for index in range(LOOPED)]
        single.append(LOOPED / sum(spent for spent, _ in looped))
        apart = np.array([each.item() for _, each in looped]) / kg[:LOOPED] - 1
        difference = max(difference, float(np.abs(apart).max()))
    ratios = [fast / slow for fast, slow in zip(many, single, strict=True)]
    return (
        f"{statistics.median(many):,.0f} ({min(many):,.0f}-{max(many):,.0f}) plans/s vectorised, "
        f"{statistics.median(single):,.0f} one by one; ratio {statistics.median(ratios):.0f} "
        f"({min(ratios):.0f}-{max(ratios):.0f}); largest relative difference {difference:.1e}; "
        f"{peak_bytes(work, table):,.0f} B/plan"
    )


def main() -> None:
    """Measure and print."""
    for classes, over_selection, population in product((10, 4), (0.0, OVER_SELECTION), (100.0, 1e9)):
        table = rates(replace(ten_groups(classes), over_selection=over_selection), Pricing())
        found = measure(random_work(PLANS, population), table)
        print(
            f"10 groups of {classes} classes, over-selection {over_selection:g}, population {population:.0e}: {found}"
        )


if __name__ == "__main__":
    main()
