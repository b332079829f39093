"""The data of one client, the model, and how to train and score it."""

from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import nn

HELD_OUT = 0.2  # of each client's samples


@cache
def digits():
    """All images as rows of 64 numbers in [0, 1], and their labels."""
    images, labels = load_digits(return_X_y=True)
    return torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels)


def load_data(partition: int, partitions: int):
    """Every `partitions`-th image; the last fifth of them is held out."""
    images, labels = (table[partition::partitions] for table in digits())
    held_out = int(len(labels) * HELD_OUT)
    return (images[:-held_out], labels[:-held_out]), (images[-held_out:], labels[-held_out:])


def build(hidden: int) -> nn.Module:
    """A network of one hidden layer."""
    return nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def train(model: nn.Module, data, epochs: int, batch: int, rate: float, seed: int) -> float:
    """Stochastic gradient descent; returns the mean loss of the last epoch."""
    images, labels = data
    order = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    total = 0.0
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(labels), generator=order).split(batch):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
    return total / len(labels)


@torch.no_grad()
def score(model: nn.Module, data) -> tuple[float, float]:
    """Loss and accuracy."""
    images, labels = data
    scores = model(images)
    right = (scores.argmax(dim=1) == labels).float().mean().item()
    return nn.functional.cross_entropy(scores, labels).item(), right
