"""pfl 0.6 on the setting of the comparison: its own FederatedAveraging, SimulatedBackend and datasets of tensors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from _peer import Given, serve
from pfl.aggregate.simulate import SimulatedBackend
from pfl.aggregate.weighting import WeightByDatapoints
from pfl.algorithm.base import NNAlgorithmParams
from pfl.algorithm.federated_averaging import FederatedAveraging
from pfl.callback.base import TrainingProcessCallback
from pfl.data.dataset import Dataset
from pfl.data.federated_dataset import FederatedDataset
from pfl.hyperparam.base import NNTrainHyperParams
from pfl.metrics import Metrics
from pfl.model.pytorch import PyTorchModel
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


class Net(nn.Module):
    """The comparison's model, from its initial weights."""

    def __init__(self, weights: list[np.ndarray]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for weight, bias in zip(weights[::2], weights[1::2], strict=True):
            layer = nn.Linear(weight.shape[1], weight.shape[0])
            layer.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
            layers += [layer, nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """Scores."""
        scores: Tensor = self.layers(x)
        return scores

    def loss(self, x: Tensor, y: Tensor, eval: bool = False) -> Tensor:  # noqa: ARG002
        """What pfl asks of a model."""
        return cross_entropy(self(x), y)

    def metrics(self, x: Tensor, y: Tensor, eval: bool = True) -> dict[str, object]:  # noqa: ARG002
        """Never asked here: the held-out samples are scored once a round."""
        return {}


class Scoring(TrainingProcessCallback):  # type: ignore[misc]
    """Scores the held-out samples after each round."""

    def __init__(self, x: Tensor, y: Tensor, held_out: list[Tensor]) -> None:
        self.x, self.y, self.held_out = x, y, held_out
        self.accuracies: list[float] = []

    def after_central_iteration(self, aggregate_metrics: Metrics, model: PyTorchModel, *, central_iteration: int):  # type: ignore[no-untyped-def]  # noqa: ARG002
        """Called by pfl."""
        net = model.pytorch_model
        with torch.no_grad():
            found = [float((net(self.x[r]).argmax(1) == self.y[r]).float().mean()) for r in self.held_out]
        self.accuracies.append(found[0])
        return False, Metrics()


def run(given: Given) -> tuple[list[float], None]:
    """One whole training."""
    x, y = torch.tensor(given.x), torch.tensor(given.y)
    # It reads a client's samples in their order, which is that of the labels here: shuffled once, then.
    parts = [torch.tensor(np.random.default_rng(0).permutation(part)) for part in given.parts]
    draws: Iterator[int] = iter(given.selected.ravel().tolist())
    clients = FederatedDataset(lambda user: Dataset((x[parts[user]], y[parts[user]])), lambda: next(draws))
    net = Net(given.weights)
    model = PyTorchModel(net, torch.optim.SGD, torch.optim.SGD(net.parameters(), lr=1.0))
    rounds, cohort = given.selected.shape
    parameters = NNAlgorithmParams(
        central_num_iterations=rounds, evaluation_frequency=rounds + 1, train_cohort_size=cohort, val_cohort_size=None
    )
    local = NNTrainHyperParams(
        local_learning_rate=given.lr, local_num_epochs=given.epochs, local_batch_size=given.batch
    )
    scoring = Scoring(x, y, [torch.tensor(rows) for rows in (given.validation, given.test)])
    backend = SimulatedBackend(clients, None, [WeightByDatapoints()])
    FederatedAveraging().run(parameters, backend, model, local, callbacks=[scoring])
    return scoring.accuracies, None


if __name__ == "__main__":
    torch.set_num_threads(1)
    serve(run)
