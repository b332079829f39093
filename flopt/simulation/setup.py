"""A task made ready to train: data as tensors, clients, held-out samples and an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from flopt.seeds import stream_seed
from flopt.simulation.data import Dataset, load
from flopt.simulation.device import device
from flopt.simulation.local import AutogradEngine, Engine, engine
from flopt.simulation.models import build, trained
from flopt.simulation.partition import Indices, Split, check, partition, split
from flopt.simulation.scored import Scored
from flopt.task import TaskSource

__all__ = ["Setup", "prepare"]


@dataclass(frozen=True, eq=False)
class Setup:
    """Everything of a task that stays the same over plans, rounds and seeds."""

    engine: Engine
    labels: Indices
    """Shape (n,)."""
    split: Split
    metric: str
    """What the rounds' accuracy is; a key of METRICS."""
    smoothing: str
    shapes: tuple[tuple[int, ...], ...]
    """Shapes of the trained tensors, in the order they are sent."""
    initial: Callable[[int], list[Tensor]]
    """Initial weights from a seed."""

    @property
    def clients(self) -> int:
        """The number of clients N."""
        return len(self.split.train)

    def scored(self, weights: Sequence[Tensor], samples: Indices, clients: Indices) -> Scored:
        """The model of these weights on held-out samples."""
        return Scored(self.engine.scores(weights, samples).numpy(), self.labels[samples], clients)


def prepare(source: TaskSource, *, dtype: torch.dtype = torch.float32, general: bool = False) -> Setup:
    """Load the data, cut them into clients and build the model; raises FloptError where one of them is bad.

    Only the engine works on the source's device; weights come to it and from it on the CPU. The `general` engine is
    taken for a model that a faster one knows too, to compare them.
    """
    check(source)
    device(source.device)
    dataset = load(source.data)
    return _setup(dataset, split(partition(dataset, source), source), source, dtype, general=general)


def _setup(dataset: Dataset, parts: Split, source: TaskSource, dtype: torch.dtype, *, general: bool) -> Setup:
    # Its trained weights are replaced in every run; layers that a user froze keep these, drawn from the task's seed.
    module = build(source.model, dataset.features, dataset.classes, stream_seed(source.seed, "model")).to(dtype)
    on = device(source.device)
    x, y = torch.as_tensor(dataset.x, dtype=dtype, device=on), torch.as_tensor(dataset.y, device=on)
    return Setup(
        engine=AutogradEngine(module.to(on), x, y)
        if general or x.is_cuda
        else engine(module, x, y, (parts.validation, parts.test)),
        labels=dataset.y,
        split=parts,
        metric=source.metric,
        smoothing=source.smoothing,
        shapes=tuple(tuple(value.shape) for value in trained(module).values()),
        initial=partial(_initial, source.model, dataset.features, dataset.classes, dtype),
    )


def _initial(model: str, features: tuple[int, ...], classes: int, dtype: torch.dtype, seed: int) -> list[Tensor]:
    module = build(model, features, classes, seed)
    return [value.detach().to(dtype) for value in trained(module).values()]
