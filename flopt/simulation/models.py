"""The models that clients train: three shipped ones, or the user's own."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable

import torch
from torch import Tensor, nn

from flopt.errors import FloptError, unknown
from flopt.simulation.user_model import load_builder

__all__ = ["MODELS", "build", "trained"]

HIDDEN = 64


def _logreg(features: tuple[int, ...], classes: int) -> nn.Module:
    """Multinomial logistic regression on the flattened sample."""
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(features), classes))


def _mlp(features: tuple[int, ...], classes: int) -> nn.Module:
    """One hidden layer of 64 rectified units on the flattened sample."""
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(features), HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, classes))


def _cnn(features: tuple[int, ...], classes: int) -> nn.Module:
    """Two convolutions of 16 and 32 filters, each with max-pooling, and 256 rectified units, after LeNet-5.

    LeCun et al. 1998. Filters of 5 x 5 without padding where images are 16 pixels or more each way, else of 3 x 3
    with padding.
    """
    if len(features) != 3 or min(features[1:]) < 4:
        raise FloptError(f"model cnn: samples of shape {features}; must be images (channels, 4 or more, 4 or more)")
    size, padding = (5, 0) if min(features[1:]) >= 16 else (3, 1)
    shrunk = [_pooled(_pooled(side, size, padding), size, padding) for side in features[1:]]
    return nn.Sequential(
        nn.Conv2d(features[0], 16, size, padding=padding), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, size, padding=padding), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * math.prod(shrunk), 256), nn.ReLU(), nn.Linear(256, classes),
    )  # fmt: skip


def _pooled(side: int, size: int, padding: int) -> int:
    """Pixels that are left of a side after one convolution and pooling by two."""
    return (side - size + 1 + 2 * padding) // 2


MODELS: dict[str, Callable[[tuple[int, ...], int], nn.Module]] = {"logreg": _logreg, "mlp": _mlp, "cnn": _cnn}


def build(model: str, features: tuple[int, ...], classes: int, seed: int) -> nn.Module:
    """The model of that name, or of `file.py:function`, on the CPU, its weights drawn from `seed`.

    It takes a batch of shape (batch, ...features) and gives scores of shape (batch, classes). The caller's own
    random state of torch is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would leave a GPU's state changed
        module = _builder(model)(features, classes)
        if model not in MODELS:
            _check(model, module, features, classes)
        return module


def _builder(model: str) -> Callable[[tuple[int, ...], int], nn.Module]:
    if model in MODELS:
        return MODELS[model]
    if ":" not in model and not model.endswith(".py"):
        raise FloptError(f"{unknown('model', model, MODELS)} (or give file.py:function)")
    return load_builder(model)


def trained(module: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that training changes, by name, in the order they are sent; frozen ones stay with the client."""
    return {name: value for name, value in module.named_parameters() if value.requires_grad}


def _check(model: str, module: nn.Module, features: tuple[int, ...], classes: int) -> None:
    """Try the user's model on two samples, as it is used later."""
    if not trained(module):
        raise FloptError(f"model {model}: it has no parameters to train")
    buffers = {name: value.clone() for name, value in module.named_buffers()}
    scores = _tried(model, module, features)
    if not isinstance(scores, Tensor) or scores.shape != (2, classes):
        shape = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise FloptError(
            f"model {model}: gave {shape} for a batch of 2; must be (2, {classes}), a score for each class"
        )
    for name, value in module.named_buffers():
        # Running statistics are neither weights nor sent by the plan's law of bytes: averaging them would be a guess.
        if not torch.equal(value, buffers[name]):
            raise FloptError(
                f"model {model}: training changes its buffer {name!r}; use GroupNorm, not batch statistics"
            )


def _tried(model: str, module: nn.Module, features: tuple[int, ...]) -> object:
    try:
        with torch.no_grad():
            return module.train()(torch.rand(2, *features))
    except Exception as error:  # the user's own code may raise anything
        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise FloptError(
            f"model {model}: fails on a batch of shape {(2, *features)}: "
            f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"
        ) from error
