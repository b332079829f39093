"""Algorithms in a search space and in the price: what the newer fields of a plan change there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flopt.emissions.work import expected_work
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.space import ChoiceAxis, FloatAxis, IntAxis, Space
from flopt.study import study_of

AXES = {
    "local_steps": {"low": 1, "high": 50, "log": True},
    "proximal_mu": {"low": 0.0, "high": 1.0},
    "server_optimizer": {"choices": ["sgd", "adam"]},
    "algorithm": {"choices": ["fedavg", "scaffold"]},
    "uplink": {"kind": ["qsgd", "powersgd", "sign"]},
    "downlink": {"kind": ["float16", "qsgd"]},
}


def test_every_field_can_be_searched() -> None:
    space = Space.of("own", AXES, "own.toml")
    assert isinstance(space.axes["local_steps"], IntAxis)
    assert isinstance(space.axes["proximal_mu"], FloatAxis)
    assert isinstance(space.axes["algorithm"], ChoiceAxis)
    values = {"local_steps": 5, "algorithm": "scaffold", "uplink.kind": "powersgd", "uplink.level": 0.5}
    plan = space.plan(values, Plan())
    assert (plan.local_steps, plan.algorithm, str(plan.uplink)) == (5, "scaffold", "powersgd:4")


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ({"local_steps": {"low": 0.5, "high": 2}}, "local_steps: low = 0.5: must be a whole number"),
        (
            {"client_momentum": {"low": 0.0, "high": 1.0}},
            "client_momentum = 1.0: must be a number at least 0 and below",
        ),
        ({"schedule": {"low": 0, "high": 1}}, "schedule: no schedule '0'"),
        ({"downlink": {"kind": ["sign"]}}, "downlink.kind: sign needs a client that holds an earlier model"),
    ],
)
def test_an_axis_of_invalid_plans_is_refused(axis: dict[str, object], message: str) -> None:
    with pytest.raises(FloptError, match=message):
        Space.of("own", axis, "own.toml")


def test_steps_and_control_variates_are_priced() -> None:
    problem = problem_of(study_of({}))
    plan, task = Plan(batch_size=20, local_epochs=3), problem.task
    work = expected_work([plan, replace(plan, local_steps=7), replace(plan, algorithm="scaffold")], task)
    np.testing.assert_allclose(work.samples, [3 * task.mean_samples, 140, 3 * task.mean_samples])
    assert work.upload_bytes.tolist() == [19_240, 19_240, 38_480]
    assert work.download_bytes.tolist() == [19_240, 19_240, 38_480]


@pytest.mark.parametrize("change", [{"local_steps": 7}, {"algorithm": "scaffold"}, {}])
def test_with_everybody_the_realised_price_is_the_expected_one(change: dict[str, object]) -> None:
    """One group, all clients: training and transfers agree; waiting depends on the clients' own sizes."""
    problem = problem_of(study_of({"fleet": {"use": "jetson_lab"}}))
    plan = replace(Plan(rounds=2, client_fraction=1.0), **change)  # type: ignore[arg-type]  # one field of two types
    expected, realised = problem.pricer.per_round(problem.work(plan)), problem.realised(plan, 0)
    for part in ("training", "download", "upload"):
        share = getattr(realised.energy_kwh, part)[0] / getattr(expected.energy_kwh, part)
        assert share == pytest.approx(1, rel=0.2 if len(problem.fleet.groups) > 1 else 1e-9)


def test_training_is_on_the_cpu_or_a_gpu() -> None:
    assert study_of({"device": "cpu"}) == study_of({})
    with pytest.raises(FloptError, match="study: device = 'tpu': must be cpu or cuda"):
        study_of({"device": "tpu"})
