"""fedjax 0.0.17 on the setting of the comparison: its own federated averaging, the jit backend."""

from __future__ import annotations

import fedjax
import jax
import jax.numpy as jnp
from _peer import Array, Given, serve

Params = list[tuple[jax.Array, jax.Array]]


def scores(params: Params, x: Array) -> jax.Array:
    """Linear layers with ReLU between them."""
    for weight, bias in params[:-1]:
        x = jax.nn.relu(x @ weight.T + bias)
    weight, bias = params[-1]
    return x @ weight.T + bias


def loss(params: Params, batch: dict[str, Array], _rng: Array) -> jax.Array:
    """Mean cross-entropy of a batch."""
    chances = jax.nn.log_softmax(scores(params, batch["x"]))
    return -jnp.take_along_axis(chances, batch["y"][:, None], axis=1).mean()


gradient = jax.grad(loss)
accuracy = jax.jit(lambda params, x, y: (scores(params, x).argmax(1) == y).mean())
_algorithms: dict[str, fedjax.FederatedAlgorithm] = {}


def algorithm(given: Given) -> fedjax.FederatedAlgorithm:
    """The same object in every run, so that what is compiled is kept."""
    if not _algorithms:
        batching = fedjax.ShuffleRepeatBatchHParams(batch_size=given.batch, num_epochs=given.epochs, seed=0)
        sgd = fedjax.optimizers.sgd
        _algorithms["fedavg"] = fedjax.algorithms.fed_avg.federated_averaging(
            gradient, sgd(given.lr), sgd(1.0), batching
        )
    return _algorithms["fedavg"]


def run(given: Given) -> tuple[list[float], None]:
    """One whole training."""
    fedavg = algorithm(given)
    clients = [fedjax.ClientDataset({"x": given.x[part], "y": given.y[part]}) for part in given.parts]
    pairs = zip(given.weights[::2], given.weights[1::2], strict=True)
    state = fedavg.init([(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in pairs])
    held_out = [(given.x[rows], given.y[rows]) for rows in (given.validation, given.test)]
    accuracies = []
    for index, selected in enumerate(given.selected):
        keys = jax.random.split(jax.random.PRNGKey(index), len(selected))
        state, _ = fedavg.apply(state, [(int(c), clients[c], key) for c, key in zip(selected, keys, strict=True)])
        found = [float(accuracy(state.params, x, y)) for x, y in held_out]
        accuracies.append(found[0])
    return accuracies, None


if __name__ == "__main__":
    serve(run)
