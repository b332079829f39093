"""FLOP per sample, against counts by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from flopt.errors import FloptError
from flopt.simulation.flop import flop_per_sample
from flopt.simulation.models import build


def test_logistic_regression_by_hand() -> None:
    # Forward and the gradient by the weights, 2 FLOP per multiply-add; the input needs no gradient.
    assert flop_per_sample("logreg", build("logreg", (1, 8, 8), 10, 0), (1, 8, 8)) == 2 * 2 * 64 * 10


def test_one_hidden_layer_by_hand() -> None:
    forward = 2 * (64 * 64 + 64 * 10)
    backward = 2 * (64 * 64 + 2 * 64 * 10)
    assert flop_per_sample("mlp", build("mlp", (64,), 10, 0), (64,)) == forward + backward


def test_a_convolution_by_hand() -> None:
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 2))
    convolution, linear = 2 * 36 * 9 * 4, 2 * 144 * 2
    assert flop_per_sample("own", module, (1, 8, 8)) == 2 * convolution + 3 * linear


def test_the_module_stays_on_its_device() -> None:
    module = build("mlp", (4,), 2, 0)
    flop_per_sample("mlp", module, (4,))
    assert {str(value.device) for value in module.parameters()} == {"cpu"}


class Peeking(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.layer(x)
        return scores if float(x.sum()) > 0 else scores + torch.ones(2)


def test_a_model_that_reads_values_is_refused() -> None:
    with pytest.raises(FloptError, match=r"model own\.py:build: its FLOP cannot be counted: .* must not read values"):
        flop_per_sample("own.py:build", Peeking(), (4,))
