"""A data set is valid at birth; bad arrays are in test_data."""

from __future__ import annotations

import numpy as np
import pytest

from flopt.errors import FloptError
from flopt.simulation.dataset import Dataset


def test_a_data_set_checks_itself() -> None:
    data = Dataset.of("own", np.eye(4), np.array([5, 5, 7, 7]), np.array(list("abab")))
    assert (data.features, data.classes, data.majority_share) == ((4,), 2, 0.5)
    with pytest.raises(FloptError, match=r"data own: y of shape \(3,\); must be \(4,\)"):
        Dataset.of("own", np.eye(4), np.array([5, 5, 7]))
