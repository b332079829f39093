"""Every algorithm against the same rounds written once more in plain numpy, for logistic regression."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream, stream_seed
from flopt.simulation.batches import batches
from flopt.simulation.data import load
from flopt.simulation.federation import federated
from flopt.simulation.models import build, trained
from flopt.simulation.setup import Setup, prepare
from flopt.task import TaskSource

Array = NDArray[np.float64]

PLAN = Plan(rounds=4, batch_size=40, client_lr=0.3, local_epochs=2)
SEED = 5
DATA = load("digits")
X = np.hstack([DATA.x.reshape(len(DATA.y), -1).astype(np.float64), np.ones((len(DATA.y), 1))])
Y = np.eye(10)[DATA.y]


@pytest.fixture(scope="module")
def setup() -> Setup:
    import torch

    return prepare(TaskSource(model="logreg"), dtype=torch.float64)


def taking_part(rounds: int) -> Participation:
    drawn = [stream(0, "test", number).choice(14, 4, replace=False) for number in range(rounds)]
    return Participation.complete(np.array(drawn), np.zeros(14, dtype=np.int64))


def started() -> Array:
    weight, bias = trained(build("logreg", (1, 8, 8), 10, stream_seed(SEED, "init"))).values()
    return np.hstack([weight.detach().numpy(), bias.detach().numpy()[:, None]]).astype(np.float64)


def probabilities(w: Array, samples: NDArray[np.int64]) -> Array:
    scores = np.exp(X[samples] @ w.T)
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))


def loss(w: Array, samples: NDArray[np.int64]) -> float:
    return float(-np.log((probabilities(w, samples) * Y[samples]).sum(axis=1)).mean())


def rate(plan: Plan, number: int) -> float:
    """Round `number` is counted from 1."""
    if number <= plan.warmup_rounds:
        return plan.client_lr * number / plan.warmup_rounds
    warm = plan.warmup_rounds
    course = {
        "constant": 1.0,
        "inverse-sqrt": math.sqrt(max(warm, 1) / number),
        "cosine": 0.5 + 0.5 * math.cos(math.pi * (number - 1 - warm) / (plan.rounds - warm)),
    }
    return plan.client_lr * course[plan.schedule]


def local(plan: Plan, w: Array, cut: list[NDArray[np.int64]], lr: float, correction: Array | float) -> Array:
    y, v = w.copy(), np.zeros_like(w)
    for batch in cut:
        gradient = (probabilities(y, batch) - Y[batch]).T @ X[batch] / len(batch)
        gradient += plan.weight_decay * y + plan.proximal_mu * (y - w) + correction
        v = plan.client_momentum * v + gradient
        y -= lr * v
    return y


def served(plan: Plan, w: Array, memory: dict[str, Array], d: Array) -> Array:
    beta, tau = plan.server_momentum, plan.server_tau
    if plan.server_optimizer == "sgd":
        memory["m"] = beta * memory["m"] + d
        return w + plan.server_lr * memory["m"]
    memory["m"] = beta * memory["m"] + (1 - beta) * d
    v = memory["v"] + tau**2 if not memory["v"].any() else memory["v"]
    if plan.server_optimizer == "adagrad":
        v = v + d**2
    elif plan.server_optimizer == "adam":
        v = 0.99 * v + 0.01 * d**2
    else:
        v = v - 0.01 * d**2 * np.sign(v - d**2)
    memory["v"] = v
    return np.asarray(w + plan.server_lr * memory["m"] / (np.sqrt(v) + tau))


def in_numpy(plan: Plan, setup: Setup, drawn: NDArray[np.int64]) -> list[float]:
    w = started()
    memory = {"m": np.zeros_like(w), "v": np.zeros_like(w)}
    c, c_of, losses = np.zeros_like(w), np.zeros((14, *w.shape)), []
    for index in range(plan.rounds):
        lr, mean, change, total = rate(plan, index + 1), np.zeros_like(w), np.zeros_like(w), 0
        for client in drawn[index]:
            own = setup.split.train[client]
            random = stream(SEED, "batches", index, int(client))
            cut = batches(own, epochs=plan.local_epochs, steps=plan.local_steps, size=plan.batch_size, random=random)
            scaffold = plan.algorithm == "scaffold"
            y = local(plan, w, cut, lr, c - c_of[client] if scaffold else 0.0)
            renewed = c_of[client] - c + (w - y) / (len(cut) * lr)
            change += renewed - c_of[client]
            c_of[client] = renewed
            mean, total = mean + len(own) * (y - w), total + len(own)
        w = served(plan, w, memory, mean / total)
        c = c + change / 14
        losses.append(loss(w, setup.split.validation))
    return losses


@pytest.mark.parametrize(
    "plan",
    [
        PLAN,
        replace(PLAN, local_steps=7),
        replace(PLAN, client_momentum=0.9, client_lr=0.05),
        replace(PLAN, weight_decay=0.1),
        replace(PLAN, client_momentum=0.5, weight_decay=0.01, proximal_mu=0.3),
        replace(PLAN, proximal_mu=1.0),
        replace(PLAN, server_momentum=0.9, server_lr=0.5),
        replace(PLAN, server_optimizer="adam", server_lr=0.03, server_momentum=0.9),
        replace(PLAN, server_optimizer="yogi", server_lr=0.03, server_momentum=0.9, server_tau=1e-2),
        replace(PLAN, server_optimizer="adagrad", server_lr=0.1),
        replace(PLAN, algorithm="scaffold"),
        replace(PLAN, algorithm="scaffold", proximal_mu=0.1, local_steps=5, server_momentum=0.5),
        replace(PLAN, schedule="inverse-sqrt", warmup_rounds=2),
        replace(PLAN, schedule="inverse-sqrt"),
        replace(PLAN, schedule="cosine", warmup_rounds=1),
    ],
    ids=lambda plan: " ".join(f"{k}={v}" for k, v in plan.settings().items() if v != PLAN.settings()[k]) or "fedavg",
)
def test_the_losses_are_those_of_plain_numpy(setup: Setup, plan: Plan) -> None:
    rounds = list(federated(setup, plan, taking_part(plan.rounds), SEED))
    expected = in_numpy(plan, setup, taking_part(plan.rounds).selected)
    np.testing.assert_allclose([r.loss for r in rounds], expected, rtol=1e-9, atol=0)


@pytest.mark.parametrize("schedule", ["constant", "inverse-sqrt", "cosine"])
def test_prefixes_are_runs_of_their_own_unless_the_plan_says_otherwise(setup: Setup, schedule: str) -> None:
    plan = replace(PLAN, schedule=schedule, warmup_rounds=1, server_optimizer="adam", server_lr=0.03)
    long = list(federated(setup, plan, taking_part(4), SEED))
    short = list(federated(setup, replace(plan, rounds=3), taking_part(4), SEED))
    assert (short == long[:3]) is not plan.horizon_dependent


def test_control_variates_are_counted_both_ways(setup: Setup) -> None:
    plan = replace(PLAN, rounds=1, algorithm="scaffold")
    (done,) = federated(setup, plan, taking_part(1), SEED)
    assert done.upload_bytes == done.download_bytes == 4 * 2 * 650 * 4


def test_steps_are_counted_in_samples(setup: Setup) -> None:
    (done,) = federated(setup, replace(PLAN, rounds=1, local_steps=3), taking_part(1), SEED)
    assert done.samples == 4 * 3 * 40


def test_scaffold_agrees_with_itself_when_compressed_losslessly(setup: Setup) -> None:
    plain = replace(PLAN, algorithm="scaffold")
    sparse = Plan.of({"uplink": "topk:1"}, plain)
    first, second = (list(federated(setup, plan, taking_part(4), SEED)) for plan in (plain, sparse))
    assert [r.loss for r in first] == [r.loss for r in second]
