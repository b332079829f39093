"""Federated against centralised training of one task: kilograms, their ratio, and where they break even."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.centralised import (
    BYTES_PER_FEATURE,
    Centralised,
    RawUpload,
    centralised_training,
    raw_upload,
)
from flopt.emissions.fleet import Device
from flopt.emissions.grid import check_kinds
from flopt.emissions.pricer import Pricer
from flopt.emissions.pricing import grid_factor
from flopt.emissions.uncertainty import DRAWS, Draws, Interval, drawn_totals, interval
from flopt.run import Run
from flopt.search.problem import Problem
from flopt.units import G_PER_KG

__all__ = ["COUNTRIES", "Centre", "Comparison", "Place", "compare", "federated_samples"]

Array = NDArray[np.float64]

COUNTRIES = ("SWE", "FRA", "DEU", "USA", "CHN", "POL", "IND")
"""From hydropower to coal; those of the fleet and of the data centre stand beside them."""


@dataclass(frozen=True)
class Centre:
    """The centralised side: what is trained there, where and on what."""

    device: Device
    samples: float
    """Samples trained on, over all epochs."""
    country: str
    pue: float | None = None
    """None takes the study's."""
    features: int | None = None
    """Numbers in a sample, where the raw data are sent there; None: they are there already."""


@dataclass(frozen=True)
class Place:
    """One country: both sides in it."""

    country: str
    g_per_kwh: float
    federated_kg: float
    """Clients and server there, at the annual mean."""
    centralised_kg: float
    """The data centre there, with the upload where it is counted, sent from clients there."""
    ratio: float
    """Federated there over centralised in the data centre's own country."""


@dataclass(frozen=True)
class Comparison:
    """Both sides of one task, with the ranges of the draws that are common to both."""

    federated_kg: Interval
    centralised_kg: Interval
    """Training, embodied carbon where it is counted, and upload."""
    upload_kg: Interval
    ratio: Interval
    """Federated over centralised."""
    centralised_kwh: float
    centralised_s: float
    break_even_clients_g_per_kwh: float | None
    """Intensity of all clients' grids at which both emit the same, server and data centre staying as they are."""
    break_even_centre_g_per_kwh: float | None
    """Intensity of the data centre's grid at which both emit the same, all clients and the server staying."""
    places: tuple[Place, ...]


@dataclass(frozen=True, eq=False)
class _Other:
    """The centralised side under some coefficients."""

    training: Centralised
    upload: RawUpload

    @property
    def total_kg(self) -> Array:
        return np.asarray(self.training.co2e_kg + self.training.embodied_kg + self.upload.co2e_kg)


def federated_samples(problem: Problem, run: Run) -> float:
    """Samples that the clients train on whose updates are used: the same FLOP, trained in one place."""
    work = problem.work(run.plan)
    return float(run.rounds * work.clients * work.samples)


def compare(problem: Problem, run: Run, centre: Centre, *, draws: int = DRAWS, seed: int = 0) -> Comparison:
    """Both sides at their central values and in every draw."""
    grid = problem.pricer.grid
    moved = problem.fleet.moved(problem.pricing.country, problem.pricing.server_country)
    here = {group.country for group in moved.groups} | {moved.server.country}
    check_kinds([grid[country] for country in sorted(here | {centre.country})])
    other, federated = _other(problem.pricer, problem, centre), run.co2e_kg
    drawn = _drawn(problem, run, centre, Draws(draws, seed))
    places = [_place(problem, run, centre, country, other) for country in sorted({*COUNTRIES, *here, centre.country})]
    return Comparison(
        federated_kg=interval(federated, drawn[0]),
        centralised_kg=interval(float(other.total_kg), drawn[1]),
        upload_kg=interval(float(other.upload.co2e_kg), drawn[2]),
        ratio=interval(federated / float(other.total_kg), drawn[0] / drawn[1]),
        centralised_kwh=float(other.training.energy_kwh + other.upload.energy_kwh),
        centralised_s=float(other.training.duration_s),
        break_even_clients_g_per_kwh=_break_even_clients(run, other),
        break_even_centre_g_per_kwh=_break_even_centre(run, other),
        places=tuple(sorted(places, key=lambda place: place.g_per_kwh)),
    )


def _other(pricer: Pricer, problem: Problem, centre: Centre) -> _Other:
    """The centralised side under the coefficients of a pricer."""
    pue = pricer.rates.pue if centre.pue is None else np.asarray(centre.pue)
    intensity = pricer.grid[centre.country].g_per_kwh * grid_factor(centre.country, pricer.value_of)
    flop, embodied = problem.task.flop_per_sample, problem.pricing.embodied
    training = centralised_training(
        centre.samples, flop, centre.device, pue, intensity, pricer.value_of, embodied=embodied
    )
    clients = float(problem.population or problem.task.clients)
    bytes_each = problem.task.mean_samples * (centre.features or 0) * BYTES_PER_FEATURE
    return _Other(training, raw_upload(bytes_each, clients, problem.fleet, pricer.rates))


def _drawn(problem: Problem, run: Run, centre: Centre, draws: Draws) -> Array:
    """Kg of the federated side, of the centralised one and of its upload in every draw, shape (3, draws)."""

    def blocks() -> Iterator[Array]:
        totals = drawn_totals(problem.pricer, problem.works([run.plan]), [run.rounds], draws)
        for block, total in zip(draws.blocks(), totals, strict=True):
            other = _other(replace(problem.pricer, value_of=block), problem, centre)
            sides = (total.co2e_kg.total, other.total_kg, other.upload.co2e_kg)
            yield np.stack([np.broadcast_to(side, (block.count, 1))[:, 0] for side in sides])

    return np.concatenate(list(blocks()), axis=1)


def _break_even_centre(run: Run, other: _Other) -> float | None:
    rest = run.co2e_kg - float(other.training.embodied_kg + other.upload.co2e_kg)
    return _intensity(rest, float(other.training.energy_kwh))


def _break_even_clients(run: Run, other: _Other) -> float | None:
    """Clients' kWh x g and the server's kg are equal to the data centre's kg and the upload's kWh x g."""
    kg, kwh = run.co2e_kg_by_part, run.energy_kwh_by_part
    rest = float(other.training.co2e_kg + other.training.embodied_kg) - float(kg.server + kg.embodied)
    return _intensity(rest, float(kwh.total - kwh.server) - float(other.upload.energy_kwh))


def _intensity(kg: float, kwh: float) -> float | None:
    """The g/kWh at which `kwh` emit `kg`; None where no intensity does."""
    return kg / kwh * G_PER_KG if kwh > 0 and kg >= 0 else None


def _place(problem: Problem, run: Run, centre: Centre, country: str, other: _Other) -> Place:
    """Annual means: a start hour is left out, since most countries have no hours."""
    pricing = replace(problem.pricing, country=country, server_country=None, start=None, flat=False)
    there = replace(problem, pricing=pricing)
    federated = there.run(run.plan).co2e_kg
    moved = _other(there.pricer, there, replace(centre, country=country))
    return Place(
        country,
        there.pricer.grid[country].g_per_kwh,
        federated,
        float(moved.total_kg),
        federated / float(other.total_kg),
    )
