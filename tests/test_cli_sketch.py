"""The sketch of a front in a terminal."""

from __future__ import annotations

import numpy as np

from flopt.catalogue import load_objective
from flopt.cli.sketch import sketch

PAIR = (load_objective("accuracy"), load_objective("co2e"))


def test_points_stand_where_their_values_are() -> None:
    text = sketch(np.array([[0.2, 1e-6], [0.6, 1e-5], [1.0, 1e-4]]), PAIR, width=21, height=5)
    name, *lines = text.splitlines()
    assert name == "accuracy against co2e"
    assert lines[0] == "1.000 |                    o"
    assert lines[2] == "      |          o"
    assert lines[4] == "0.200 |o"
    assert lines[5] == "      +" + "-" * 21
    assert lines[6].split() == ["1", "mg", "100", "mg"]


def test_one_point_and_none() -> None:
    assert sketch(np.empty((0, 2)), PAIR) == ""
    assert sketch(np.array([[0.5]]), PAIR[:1]) == ""
    assert sketch(np.array([[0.5, 0.0]]), PAIR).count("o") == "accuracy against co2e".count("o") + 1
