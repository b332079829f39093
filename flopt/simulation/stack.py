"""Local training of several clients at once, the first layer of each written in its own samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flopt.simulation.descent import Descent, Slope
from flopt.simulation.homogeneous import joined, separated, with_one
from flopt.simulation.partition import Indices
from flopt.simulation.products import Products
from flopt.simulation.samples import Samples

__all__ = ["Steps", "stacked_updates", "worthwhile"]

_RELU_BACK = torch.ops.aten.threshold_backward.default

MOST_ROWS = 512
"""Distinct samples of a client beyond which its products with one another leave the cache."""
ROWS_PER_VISIT = 256
"""Square of the distinct samples for each sample visited, beyond which finding the products costs more than it saves;
an estimate from the operations of a layer of 784 inputs and 128 outputs, not fitted to timings."""


def worthwhile(batches: Sequence[Indices]) -> bool:
    """Whether a client is small enough, or visits its samples often enough, for its training to be stacked."""
    visits = sum(map(len, batches))
    rows = min(visits, len(np.unique(np.concatenate(batches))))
    return rows <= MOST_ROWS and rows**2 <= ROWS_PER_VISIT * visits


@dataclass(frozen=True, eq=False)
class Steps:
    """The batches of c clients side by side, filled up to S steps of B samples; clients with most steps come first."""

    order: list[int]
    """The clients in the order of the stack, as numbers of the batch plans given."""
    rows: Indices
    """The rows of each client's distinct samples, one client after the other."""
    counts: list[int]
    """Distinct samples of each client."""
    place: Indices
    """Shape (S, c, B): client x max(counts) + the sample's number among the client's own."""
    visit: Indices
    """Shape (S, c, B): the row of the sample."""
    share: NDArray[np.float64]
    """Shape (S, c, B): one over the samples of the batch; 0 where there is no sample."""
    active: list[int]
    """Shape (S,): how many clients, the first ones, make each step."""

    @classmethod
    def of(cls, plans: Sequence[Sequence[Indices]], row: Indices) -> Steps:
        """The steps of these batch plans, one for each client; `row` is where each sample lies."""
        order = sorted(range(len(plans)), key=lambda number: -len(plans[number]))
        lengths = [len(plans[number]) for number in order]
        sizes = np.array([len(batch) for number in order for batch in plans[number]])
        visited = row[np.concatenate([batch for number in order for batch in plans[number]])]
        client = np.repeat(np.repeat(np.arange(len(plans)), lengths), sizes)
        keys, among = np.unique(client * len(row) + visited, return_inverse=True)
        counts = np.bincount(keys // len(row), minlength=len(plans))
        most, before = int(counts.max()), np.cumsum(counts) - counts
        # Where each visit stands in (S, c, B).
        step = np.repeat(np.concatenate([np.arange(length) for length in lengths]), sizes)
        slot = np.arange(len(visited)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        shape = (max(lengths), len(plans), int(sizes.max()))
        place = np.broadcast_to((np.arange(len(plans)) * most)[:, np.newaxis], shape).copy()
        visit, share = np.zeros(shape, dtype=np.int64), np.zeros(shape)
        place[step, client, slot] += among - before[client]
        visit[step, client, slot] = visited
        share[step, client, slot] = np.repeat(1 / sizes, sizes)
        active = np.searchsorted(-np.array(lengths), -np.arange(shape[0])).tolist()
        return cls(order, keys % len(row), counts.tolist(), place, visit, share, active)


def stacked_updates(
    samples: Samples, weights: Sequence[Tensor], plans: Sequence[Sequence[Indices]], descents: Sequence[Descent]
) -> list[list[Tensor]]:  # fmt: skip
    """What the local training of each client changes in `weights`; its descent may differ in the correction alone.

    A gradient of the first layer is errors^T x, so that layer never leaves a W0 + b C + A^T X: W0 as received, C the
    correction, X the client's own samples, and A one row for each of them (the step from perceptron to kernel
    perceptron: Aizerman et al. 1964). A step then needs the products of samples with W0, C and one another, found once
    by large matrix products, and moves a, b and A, which are small enough to be stacked. It is the same descent, in
    other coordinates.
    """
    steps = Steps.of(plans, samples.row)
    stack = _Stack(samples, joined(weights), steps, _corrections(descents, steps.order))
    rule = descents[0] if descents[0].correction is None else replace(descents[0], correction=stack.correction())
    course, numbers = rule.start(stack.local), range(len(steps.active))
    for count, part in groupby(numbers, key=steps.active.__getitem__):
        course.first(count).run(stack.slopes(count, list(part), plain=rule.plain))
    found = [stack.update(client, weights, plain=rule.plain) for client in range(len(plans))]
    return [found[steps.order.index(number)] for number in range(len(plans))]


def _corrections(descents: Sequence[Descent], order: Sequence[int]) -> list[list[Tensor]]:
    """The corrections of the clients in this order, joined; none where the first client has none."""
    given = [descents[number].correction for number in order]
    return [joined(each) for each in given if each is not None]


class _Stack:
    """Clients side by side: `local` holds A (c, rows, H), a and b (c, 2, 1, 1), and the further layers (c, ...)."""

    def __init__(
        self, samples: Samples, layers: Sequence[Tensor], steps: Steps, corrections: list[list[Tensor]]
    ) -> None:
        clients, most = len(steps.counts), max(steps.counts)
        self.layers, self.corrections, self.steps = layers, corrections, steps
        x, targets = samples.x, samples.targets
        self.x = torch.split(torch.index_select(x, 0, torch.from_numpy(steps.rows)), steps.counts)
        self.place = torch.from_numpy(steps.place)
        self.share = torch.from_numpy(steps.share).to(x.dtype).unsqueeze(-1)
        labels = torch.index_select(targets, 0, torch.from_numpy(steps.visit).view(-1))
        self.labels = labels.view(*steps.visit.shape, -1).mul_(-self.share)
        self.table = x.new_zeros(clients * most, most + len(layers[0]) * (2 if corrections else 1))
        self._fill(samples.products, most)
        ab = x.new_tensor([1.0, 0.0]).view(1, 2, 1, 1).repeat(clients, 1, 1, 1)
        further = [layer.repeat(clients, 1, 1) for layer in layers[1:]]
        self.local = [x.new_zeros(clients, most, len(layers[0])), ab, *further]

    def _fill(self, products: Products, most: int) -> None:
        """Products of each sample with the client's samples, the first layer as received, and the correction."""
        outputs = len(self.layers[0])
        rows = np.split(self.steps.rows, np.cumsum(self.steps.counts)[:-1])
        for client, own in enumerate(self.x):
            part = self.table[client * most : client * most + len(own)]
            part[:, : len(own)] = products.of(rows[client])
            torch.mm(own, self.layers[0].t(), out=part[:, most : most + outputs])
            if self.corrections:
                torch.mm(own, self.corrections[client][0].t(), out=part[:, most + outputs :])

    def correction(self) -> list[Tensor]:
        """The corrections in the coordinates of `local`."""
        further = [torch.stack(each) for each in list(zip(*self.corrections, strict=True))[1:]]
        return [torch.zeros_like(self.local[0]), 1 - self.local[1], *further]

    def slopes(self, count: int, numbers: Sequence[int], *, plain: bool) -> Iterator[Slope]:
        """The mean gradients of these steps for the first `count` clients, in the coordinates of `local`."""
        size = self.steps.place.shape[2]
        clients = _Clients([tensor[:count] for tensor in self.local], size, plain=plain)
        for number in numbers:
            place = self.place[number, :count].view(-1)
            known = torch.index_select(self.table, 0, place).view(count, size, -1)
            yield clients.slope(place, known, self.labels[number, :count], self.share[number, :count])

    def update(self, client: int, weights: Sequence[Tensor], *, plain: bool) -> list[Tensor]:
        """What a client's training has changed in the weights."""
        a, ab, *further = (tensor[client] for tensor in self.local)
        own, width = self.x[client], weights[0].shape[1]
        turned = a[: len(own)].t()
        first = [torch.mm(turned, own[:, :width]), turned.sum(1)]
        if not plain:
            scale, of_correction = (float(value) for value in ab.flatten())
            parts: tuple[slice | int, int] = (slice(width), width)
            for change, part in zip(first, parts, strict=True):
                change.add_(self.layers[0][:, part], alpha=scale - 1)
                if self.corrections:
                    change.add_(self.corrections[client][0][:, part], alpha=of_correction)
        moved = [layer - before for layer, before in zip(further, self.layers[1:], strict=True)]
        return [*first, *separated(moved, weights[2:])]


class _Clients:
    """Forward and back through the first clients of a stack, with views and buffers that are made once."""

    def __init__(self, local: Sequence[Tensor], size: int, *, plain: bool) -> None:
        self.a, ab, *further = local
        self.received, self.corrected = ab[:, 0], ab[:, 1]
        self.plain = plain
        self.turned = [layer.transpose(1, 2) for layer in further]
        widths = [self.a.shape[2], *(layer.shape[1] for layer in further)]
        self.inner = [layer[:, :, :width] for layer, width in zip(further, widths, strict=False)]
        self.rooms = [_room(self.a, size, width) for width in widths[:-1]]

    def slope(self, place: Tensor, known: Tensor, labels: Tensor, share: Tensor) -> Slope:
        """The gradient for samples whose products are `known` and whose labels are negative and shared out."""

        def slope(target: list[Tensor], scale: float, keep: float) -> None:
            self._add(target, place, known, labels, share, scale, keep)

        return slope

    def _add(
        self, target: list[Tensor], place: Tensor, known: Tensor, labels: Tensor, share: Tensor, scale: float,
        keep: float,
    ) -> None:  # fmt: skip
        values = self._first(known)
        for (room, inside), turned in zip(self.rooms, self.turned, strict=True):
            torch.clamp_min(values, 0, out=inside)
            values = torch.bmm(room, turned)
        # The gradient of the mean cross-entropy by the scores is (softmax - target) / samples.
        error = torch.addcmul(labels, torch.softmax(values, -1), share)
        for number in range(len(self.rooms) - 1, -1, -1):
            room, inside = self.rooms[number]
            below = _RELU_BACK(torch.bmm(error, self.inner[number]), inside, 0)  # before this layer moves
            target[2 + number].baddbmm_(error.transpose(1, 2), room, beta=keep, alpha=scale)
            error = below
        if keep != 1:
            torch._foreach_mul_(target[:2], keep)
        target[0].view(-1, target[0].shape[2]).index_add_(0, place, error.view(len(place), -1), alpha=scale)

    def _first(self, known: Tensor) -> Tensor:
        """What the first layer gives."""
        rows, outputs = self.a.shape[1:]
        received = known[:, :, rows : rows + outputs]
        if not self.plain:
            received = received * self.received
            if known.shape[2] > rows + outputs:
                received.addcmul_(known[:, :, rows + outputs :], self.corrected)
        return torch.baddbmm(received, known[:, :, :rows], self.a)


def _room(like: Tensor, size: int, width: int) -> tuple[Tensor, Tensor]:
    """Room for the values of one hidden layer as `with_one` has them, and the view of the values alone."""
    room = with_one(like.new_zeros(len(like) * size, width)).view(len(like), size, -1)
    return room, room[:, :, :width]
