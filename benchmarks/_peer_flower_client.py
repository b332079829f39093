"""The Flower client of the comparison, in a module of its own: what it keeps is then kept in Ray's workers too."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache

import torch
from _peer import Array, Given
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

app = ClientApp()


def network(weights: Sequence[Array]) -> nn.Sequential:
    """The comparison's model, from its initial weights."""
    layers: list[nn.Module] = []
    for weight, bias in zip(weights[::2], weights[1::2], strict=True):
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        layer.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@cache
def given() -> Given:
    """The setting, read once in each worker."""
    torch.set_num_threads(1)
    return Given.read(os.environ["SETTING"])


def tensors_of(setting: Given) -> tuple[Tensor, Tensor]:
    """All samples and labels."""
    return torch.tensor(setting.x), torch.tensor(setting.y)


@cache
def samples() -> tuple[Tensor, Tensor]:
    """All samples and labels, once in each worker."""
    return tensors_of(given())


@cache
def kept() -> nn.Sequential:
    """A model to load weights into, once in each worker."""
    return network(given().weights)


@app.train()  # type: ignore[untyped-decorator, unused-ignore]
def train(message: Message, context: Context) -> Message:
    """Local SGD, by tensor indexing and without a DataLoader."""
    setting, (x, y), net = given(), samples(), kept()
    received = message.content["arrays"]
    assert isinstance(received, ArrayRecord)
    net.load_state_dict(received.to_torch_state_dict())
    part = torch.tensor(setting.parts[int(context.node_config["partition-id"])])
    optimiser = torch.optim.SGD(net.parameters(), lr=setting.lr)
    for _ in range(setting.epochs):
        for rows in torch.split(part[torch.randperm(len(part))], setting.batch):
            optimiser.zero_grad()
            cross_entropy(net(x[rows]), y[rows]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    metrics = MetricRecord({"num-examples": len(part)})
    content = RecordDict({"arrays": ArrayRecord(net.state_dict()), "metrics": metrics})
    return Message(content=content, reply_to=message)
