from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from _factor import of_means, of_medians, runs_needed

from flopt.errors import FloptError


def test_without_any_spread_a_factor_is_the_ratio() -> None:
    assert str(of_means([30.0, 30.0], [1.5, 1.5])) == "20x (20x to 20x)"
    assert str(of_means([30.0], [1.5]) * of_medians([60.0], [20.0])) == "60x (60x to 60x)"


def test_means_are_weighed_and_medians_are_not() -> None:
    assert of_means([10.0, 50.0], [1.0, 2.0]).value == 20
    assert of_medians([10.0, 60.0, 1000.0], [20.0, 30.0, 30.0]).value == 2
    low, high = sorted(of_means([10.0, 50.0], [1.0]).draws)[:: len(of_means([10.0, 50.0], [1.0]).draws) - 1]
    assert (low, high) == (10, 50)


def test_what_was_never_reached_is_without_end_and_two_such_are_unknown() -> None:
    assert of_medians([None, None, 5.0], [20.0, 30.0, 40.0]).value == math.inf
    assert of_medians([20.0], [None]).value == 0
    assert "unknown" in str(of_medians([None], [None]))


def test_the_races_file_gives_runs_by_method_and_seed(tmp_path: Path) -> None:
    file = tmp_path / "race.json"
    file.write_text(json.dumps({"target": 0.9, "methods": {"tpe": {"runs": [12, None], "rounds": [300.0, None]}}}))
    assert runs_needed(file) == {"tpe": [12.0, None]}
    file.write_text("[]")
    with pytest.raises(FloptError, match="no result of the search race"):
        runs_needed(file)
    with pytest.raises(FloptError, match="No such file"):
        runs_needed(tmp_path / "none.json")
