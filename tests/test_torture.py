"""Torture: whatever is killed and whenever, nothing finished is lost, nothing is done twice, nobody is left behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torture import RUNS, Torture

from flopt.results import open_results
from flopt.search.storage import Journal

MANY = int(os.environ.get("FLOPT_KILLS", "0"))
"""Kills of every pair of executor and storage; `make torture` sets it."""


def dump(folder: Path) -> list[dict[str, Any]]:
    """All that is stored of a study, but for dates and for what its runs took."""
    taken = {"cpu_s", "wasted_cpu_s", "attempts", "where"}
    with Journal.read(folder) as journal:
        return [
            {
                "state": trial.state.name,
                "values": trial.values,
                "params": trial.params,
                "attributes": {name: value for name, value in trial.user_attrs.items() if name not in taken},
            }
            for trial in journal.trials()
        ]


@pytest.mark.slow
def test_a_local_study_with_a_journal_is_killed_and_killed(tmp_path: Path) -> None:
    torture = Torture(tmp_path, seed=1)
    undisturbed = torture.undisturbed()
    torture.kill(MANY or 50)
    assert len(torture.stored) == RUNS
    assert dump(torture.study) == dump(undisturbed)
    np.testing.assert_array_equal(torture.front().losses, open_results(undisturbed).front().losses)
