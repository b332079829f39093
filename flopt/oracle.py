"""The contract of an oracle: how well a plan learns, round by round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from flopt.participation import Participation
from flopt.plan import Plan
from flopt.trace import Round

__all__ = ["Oracle"]


class Oracle(Protocol):
    """A generator function of rounds; closing the generator stops the training.

    It yields at most `plan.rounds` rounds. Equal arguments give equal rounds, and the first r rounds do not
    depend on `plan.rounds`, because flopt counts every prefix of a run as a candidate. The smallest one:

        def rounds(plan, participation, seed):
            for clients in participation.selected:
                yield Round(
                    accuracy=..., loss=..., clients=len(clients), samples=..., download_bytes=..., upload_bytes=...
                )
    """

    def __call__(self, plan: Plan, participation: Participation, seed: int) -> Iterator[Round]:
        """Train under `plan` with the given clients, and yield a `Round` after each round."""
        ...
