"""The weighted average of updates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from flopt.errors import FloptError
from flopt.simulation.aggregation import weighted_average


def test_updates_count_by_their_samples() -> None:
    one = [torch.tensor([1.0, 2.0]), torch.tensor([[8.0]])]
    two = [torch.tensor([5.0, -2.0]), torch.tensor([[0.0]])]
    first, second = weighted_average([one, two], [30, 10])
    assert first.tolist() == [2.0, 1.0]
    assert second.tolist() == [[6.0]]


def test_a_single_update_is_its_own_average() -> None:
    (mean,) = weighted_average([[torch.tensor([0.1, 0.7])]], [13])
    assert torch.equal(mean, torch.tensor([0.1, 0.7]))


def test_the_updates_stay_as_they_are() -> None:
    update = [torch.ones(2)]
    weighted_average([update, update], [1, 2])
    assert update[0].tolist() == [1, 1]


def test_updates_are_taken_one_at_a_time() -> None:
    alive: list[int] = []

    def updates() -> Iterator[list[torch.Tensor]]:
        for number in range(3):
            alive.append(number)
            yield [torch.full((2,), float(number))]
            alive.remove(number)
            assert not alive

    assert weighted_average(updates(), [1, 1, 2])[0].tolist() == [1.25, 1.25]


@pytest.mark.parametrize(("updates", "samples"), [(0, []), (2, [1]), (1, [1, 1]), (2, [1, 0])])
def test_each_update_needs_samples(updates: int, samples: list[int]) -> None:
    with pytest.raises(FloptError, match=r"average: samples .*; one number above 0 for each update"):
        weighted_average([[torch.ones(2)]] * updates, samples)
