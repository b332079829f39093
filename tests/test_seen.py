"""What a proposal sees of a run: only the rounds within the limits may stand on the front."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from optuna.trial import TrialState, create_trial

from flopt.search.seen import Seen

RUN = Seen(
    create_trial(state=TrialState.RUNNING),
    values=np.array([[0.1, 1.0], [0.2, 2.0], [0.3, 3.0]]),
    violations=np.array([[0.5], [0.0], [-1.0]]),
)


def test_the_allowed_rounds_break_no_limit() -> None:
    assert RUN.allowed().tolist() == [[0.2, 2.0], [0.3, 3.0]]
    assert replace(RUN, whole=True).allowed().tolist() == [[0.3, 3.0]]
    assert replace(RUN, violations=np.empty((3, 0))).allowed().tolist() == [[0.1, 1.0], [0.2, 2.0], [0.3, 3.0]]


def test_a_run_without_values_has_none() -> None:
    assert not replace(RUN, values=None).allowed().size
