"""Models: shapes, seeds, and what is said about a user's model that cannot be trained here."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from flopt.errors import FloptError
from flopt.simulation.models import build, trained

HEAD = "import torch\nfrom torch import nn\n\n"


def written(folder: Path, body: str) -> str:
    (folder / "own.py").write_text(HEAD + body, encoding="utf-8")
    return str(folder / "own.py") + ":build"


@pytest.mark.parametrize(
    ("name", "shapes"),
    [("logreg", [(10, 64), (10,)]), ("mlp", [(64, 64), (64,), (10, 64), (10,)])],
)
@pytest.mark.parametrize("features", [(64,), (1, 8, 8)])
def test_shipped_models_take_features_of_any_shape(
    name: str, shapes: list[tuple[int, ...]], features: tuple[int, ...]
) -> None:
    module = build(name, features, 10, 0)
    assert module(torch.zeros(3, *features)).shape == (3, 10)
    assert [tuple(value.shape) for value in trained(module).values()] == shapes


def test_the_seed_decides_the_weights_and_leaves_torch_s_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, again, other = (next(build("mlp", (4,), 2, seed).parameters()) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_an_unknown_model_gets_the_nearest_spelling() -> None:
    with pytest.raises(FloptError, match=r"no model 'mpl'; did you mean 'mlp'\? \(or give file\.py:function\)"):
        build("mpl", (4,), 2, 0)


def test_a_user_s_model_is_seeded_too(tmp_path: Path) -> None:
    model = written(tmp_path, "def build():\n    return nn.Sequential(nn.Linear(4, 3))\n")
    first, again, other = (next(build(model, (4,), 3, seed).parameters()) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


BATCH_NORM = "def build():\n    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))\n"
GROUP_NORM = "def build():\n    return nn.Sequential(nn.Linear(4, 3), nn.GroupNorm(1, 3))\n"


def test_normalisation_without_running_statistics_is_welcome(tmp_path: Path) -> None:
    assert len(trained(build(written(tmp_path, GROUP_NORM), (4,), 3, 0))) == 4


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (BATCH_NORM, "training changes its buffer '1.running_mean'; use GroupNorm"),
        ("def build():\n    return nn.Flatten()\n", "it has no parameters to train"),
        (
            "def build():\n    return nn.Linear(4, 2)\n",
            r"gave \(2, 2\) for a batch of 2; must be \(2, 3\), a score for",
        ),
        ("def build():\n    return nn.GRU(4, 3)\n", r"gave tuple for a batch of 2; must be \(2, 3\)"),
        (
            "def build():\n    return nn.Linear(9, 3)\n",
            r"fails on a batch of shape \(2, 4\): RuntimeError: mat1 and mat2 .*\.py:\d+\)",
        ),
    ],
)
def test_a_model_that_does_not_fit_is_named(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(FloptError, match=rf"model .*own\.py:build: {message}"):
        build(written(tmp_path, body), (4,), 3, 0)


@pytest.mark.parametrize(
    ("features", "parameters"), [((1, 28, 28), 147_146), ((1, 8, 8), 40_394), ((3, 32, 32), 221_674)]
)
def test_the_small_cnn_fits_images_of_any_size(features: tuple[int, ...], parameters: int) -> None:
    module = build("cnn", features, 10, 0)
    assert module(torch.zeros(2, *features)).shape == (2, 10)
    assert sum(value.numel() for value in trained(module).values()) == parameters


@pytest.mark.parametrize("features", [(64,), (1, 3, 9)])
def test_the_cnn_needs_images(features: tuple[int, ...]) -> None:
    with pytest.raises(FloptError, match=r"model cnn: samples of shape .*; must be images"):
        build("cnn", features, 10, 0)
