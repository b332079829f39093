"""A task: what is learned, by how many clients, and the facts that its price follows from."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property

from flopt.compression import NONE
from flopt.errors import FloptError

__all__ = ["MANY_CLIENTS", "AppSource", "Task", "TaskSource"]

MANY_CLIENTS = 10_000
"""In a population beyond this, randomness is not drawn client by client for everyone, only for those it concerns."""


@dataclass(frozen=True)
class AppSource:
    """A Flower app in the place of data, partition and model."""

    folder: str
    """The folder that `flwr run` takes."""
    flop_per_sample: float | None = None
    """FLOP of one forward and backward pass for one sample; None: counted or estimated while probing the app."""
    network: bool = False
    """Whether the app may reach for the network."""


@dataclass(frozen=True)
class TaskSource:
    """Where a task comes from: the data, how it is cut into clients, and the model."""

    data: str = "digits"
    """A shipped data set, an `.npz` file, `file.py:function` that gives a torch Dataset, or `hf:NAME` of the hub."""
    partition: str = "natural"
    """`natural`, `iid`, `dirichlet`, `shards` or `quantity`."""
    clients: int | None = None
    """Number of clients for a partition that is not natural."""
    alpha: float | None = None
    """Concentration of the partitions `dirichlet` and `quantity`: small is skewed."""
    model: str = "mlp"
    """`logreg`, `mlp`, `cnn`, or `file.py:function`."""
    split: str = "sample"
    """Whether validation and test hold out samples of every client (`sample`) or whole clients (`client`)."""
    metric: str = "accuracy"
    """What a trace's accuracy is: `accuracy`, `balanced_accuracy`, `auc`, `loss` or `worst_client_accuracy`."""
    smoothing: str = "last"
    """How the metric is smoothed over the rounds: `last`, `mean5` (trailing mean), `ema0.3` (exponential)."""
    seed: int = 0
    """Seed of the partition and of the split."""
    device: str = "cpu"
    """Where it is trained: `cpu`, or `cuda` by the general engine; no part of what is learned."""
    app: AppSource | None = None
    """A Flower app; then only `clients`, `metric` and `smoothing` of the above mean something."""

    def __post_init__(self) -> None:
        if self.app is None:
            return
        for own in fields(self):
            if own.name in ("data", "partition", "alpha", "model", "split") and getattr(self, own.name) != own.default:
                value = getattr(self, own.name)
                raise FloptError(f"task.{own.name} = {value!r}: a Flower app (task.flower_app) brings its own")

    @property
    def has_code(self) -> bool:
        """Whether training runs code of the user's own: a model, a data set or a Flower app."""
        return self.app is not None or any(".py" in reference for reference in (self.data, self.model))

    @property
    def seeded(self) -> bool:
        """Whether the sizes of the clients depend on the seed."""
        return (self.partition, self.split) != ("natural", "sample")


@dataclass(frozen=True)
class Task:
    """Facts of a task: enough to price a plan without torch, data or training."""

    name: str
    client_samples: tuple[int, ...]
    """Training samples of each of the N clients."""
    tensors: tuple[tuple[int, ...], ...]
    """Shapes of the model's tensors, in the order they are sent."""
    flop_per_sample: float
    """FLOP of one forward and backward pass for one sample."""
    majority_share: float
    """Share of the largest class: the accuracy of always guessing it."""
    least_clients: int = 0
    """Fewest clients that an app's strategy takes in a round, which rounds down; 0: flopt's own rounding."""

    def __post_init__(self) -> None:
        if not self.client_samples:
            raise FloptError(f"task {self.name}: it has no clients")
        if min(self.client_samples) < 1:
            client, samples = next((c, s) for c, s in enumerate(self.client_samples) if s < 1)
            raise FloptError(f"task {self.name}: client {client} has {samples} training samples; at least 1")
        if not self.tensors or any(size < 1 for shape in self.tensors for size in shape):
            raise FloptError(f"task {self.name}: tensors {self.tensors} must be shapes of at least one entry")
        if not (math.isfinite(self.flop_per_sample) and self.flop_per_sample > 0):
            raise FloptError(f"task {self.name}: flop_per_sample = {self.flop_per_sample}: must be above 0")
        if not 0 < self.majority_share < 1:
            raise FloptError(f"task {self.name}: majority_share = {self.majority_share}: must be between 0 and 1")

    @property
    def clients(self) -> int:
        """The number of clients N."""
        return len(self.client_samples)

    @cached_property
    def mean_samples(self) -> float:
        """Training samples of a client, on average."""
        return sum(self.client_samples) / self.clients

    @property
    def parameters(self) -> int:
        """Entries of the model."""
        return sum(math.prod(shape) for shape in self.tensors)

    @property
    def model_bytes(self) -> int:
        """Bytes of the model in float32."""
        return NONE.wire_bytes(self.tensors)

    def clients_per_round(self, client_fraction: float) -> int:
        """K = max(1, round(client_fraction x N)), halves rounded up; of a Flower app max(least, int(N x fraction))."""
        if self.least_clients:
            return min(self.clients, max(self.least_clients, int(self.clients * client_fraction)))
        return max(1, math.floor(client_fraction * self.clients + 0.5))
